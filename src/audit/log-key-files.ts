import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readKeyFile, readOrMakeKeyFile } from './key-file.ts'
import { type NoteVerifier, noteVerifier } from './signed-note.ts'

/** A private key of a log with its public half under the log's name. */
export interface LogKey {
  readonly key: KeyObject
  readonly verifier: NoteVerifier
  /** Its place in the order in which keys were made, from 1 on. */
  readonly number: number
}

/** The keys in `keys/`: `log.key` is the first, `log-2.key` the next. All logs of a machine share them. */
function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => /^log(?:-([1-9]\d{0,5}))?\.key$/.exec(name) ?? [])
      .filter((_, at) => at % 2 === 1)
      .map((number) => Number(number ?? 1))
      .sort((a, b) => a - b)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function pathOf(folder: string, number: number): string {
  return join(folder, number === 1 ? 'log.key' : `log-${number}.key`)
}

function newKey(): Buffer {
  return Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

function logKey(pem: Buffer, log: string, number: number): LogKey {
  const key = createPrivateKey(pem)
  return { key, verifier: noteVerifier(log, createPublicKey(key)), number }
}

/** Makes the key that all logs of the machine hand over to, and returns its file. Running proxies find it within a second. */
export function makeNextLogKey(dataDirectory: string): string {
  const folder = join(dataDirectory, 'keys')
  const path = pathOf(folder, (numbersIn(folder).at(-1) ?? 0) + 1)
  readOrMakeKeyFile(path, newKey)
  return path
}

/** Reads the keys for one log; each is read once. */
export interface LogKeyFiles {
  /** The newest one; the first is made where there is none. Throws where it cannot be read or made. */
  newest(): LogKey
  /** The one of that verifier id, hexadecimal; undefined where it is not there. Throws where it may be one that cannot be read. */
  withId(id: string): LogKey | undefined
}

/** The keys of the data directory, for the log of that name. */
export function openLogKeyFiles(dataDirectory: string, log: string): LogKeyFiles {
  const folder = join(dataDirectory, 'keys')
  const read = new Map<number, LogKey>()
  function numbered(number: number): LogKey | undefined {
    const known = read.get(number)
    if (known !== undefined) return known
    const pem = readKeyFile(pathOf(folder, number))
    if (pem === undefined) return undefined
    const made = logKey(pem, log, number)
    read.set(number, made)
    return made
  }
  return {
    newest() {
      const there = numbered(numbersIn(folder).at(-1) ?? 1)
      if (there !== undefined) return there
      const made = logKey(readOrMakeKeyFile(pathOf(folder, 1), newKey), log, 1)
      read.set(1, made)
      return made
    },
    withId(id) {
      let unreadable: unknown
      for (const number of numbersIn(folder)) {
        try {
          const one = numbered(number)
          if (one?.verifier.id.toString('hex') === id) return one
        } catch (error) {
          unreadable = error
        }
      }
      if (unreadable !== undefined) throw unreadable
      return undefined
    },
  }
}
