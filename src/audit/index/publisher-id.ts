import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { readKeyFile, readOrMakeKeyFile } from '../key-file.ts'

const pathOf = (dataDirectory: string): string => join(dataDirectory, 'keys', 'publisher.id')

/** By what a shared index knows this data directory again, 32 hex digits; made at the first use. Throws the system's error. */
export function publisherId(dataDirectory: string): string {
  return readOrMakeKeyFile(pathOf(dataDirectory), () => randomBytes(16)).toString('hex')
}

/** What tells this data directory from others, a copy of it among them: the id, and the number of its file. Throws the system's error. */
export function logOwner(dataDirectory: string): string {
  return `${publisherId(dataDirectory)} ${statSync(pathOf(dataDirectory)).ino}`
}

/** The id; undefined where none was made. */
export function knownPublisherId(dataDirectory: string): string | undefined {
  return readKeyFile(pathOf(dataDirectory))?.toString('hex')
}
