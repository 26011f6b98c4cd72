import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readKeyFile, readOrMakeKeyFile } from '../key-file.ts'

const pathOf = (dataDirectory: string): string => join(dataDirectory, 'keys', 'publisher.id')

/** By what a shared index knows this data directory again, 32 hex digits; made at the first use. Throws the system's error. */
export function publisherId(dataDirectory: string): string {
  return readOrMakeKeyFile(pathOf(dataDirectory), () => randomBytes(16)).toString('hex')
}

/** The same; undefined where none was made. */
export function knownPublisherId(dataDirectory: string): string | undefined {
  return readKeyFile(pathOf(dataDirectory))?.toString('hex')
}
