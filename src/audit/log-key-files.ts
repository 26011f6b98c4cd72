import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from './if-there.ts'
import { readKeyFile, readOrMakeKeyFile, replaceKeyFile } from './key-file.ts'
import { type NoteVerifier, noteVerifier } from './signed-note.ts'

/** A private key of a log with its public half under the log's name. */
export interface LogKey {
  readonly key: KeyObject
  readonly verifier: NoteVerifier
  /** Its place in the order in which keys were made, from 1 on; given once, whatever is removed. */
  readonly number: number
}

/** The keys in `keys/`: `log.key` is the first, `log-2.key` the next. All logs of a machine share them. */
function numbersIn(folder: string): readonly number[] {
  const names = ifThere(() => readdirSync(folder)) ?? []
  return names
    .flatMap((name) => /^log(?:-([1-9]\d{0,5}))?\.key$/.exec(name) ?? [])
    .filter((_, at) => at % 2 === 1)
    .map((number) => Number(number ?? 1))
    .sort((a, b) => a - b)
}

function pathOf(folder: string, number: number): string {
  return join(folder, number === 1 ? 'log.key' : `log-${number}.key`)
}

/** The number of the last key that was made, in `keys/log.number`: so that none is given again where that key was removed. 0 where nothing tells. */
function lastMade(folder: string): number {
  try {
    const text = readFileSync(join(folder, 'log.number'), 'latin1')
    return /^[1-9]\d{0,5}\n$/.test(text) ? Number(text) : 0
  } catch {
    // The names tell as well, but for a newest one that was removed.
    return 0
  }
}

/** The number behind all that were given. The last one made is read before the names: a key has its name before its number is written. */
function nextNumber(folder: string): number {
  const counted = lastMade(folder)
  return Math.max(counted, numbersIn(folder).at(-1) ?? 0) + 1
}

/** Makes the key of that number; of processes that do so at one time all get the same. */
function makeNumbered(folder: string, number: number): Buffer {
  const pem = readOrMakeKeyFile(pathOf(folder, number), newKey)
  if (lastMade(folder) < number) replaceKeyFile(join(folder, 'log.number'), Buffer.from(`${number}\n`))
  return pem
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
  const number = nextNumber(folder)
  makeNumbered(folder, number)
  return pathOf(folder, number)
}

/** Reads the keys for one log; each is read once. */
export interface LogKeyFiles {
  /** The newest one; one is made where none is there and none was read before. Throws where it cannot be read or made. */
  newest(): LogKey
  /** The one of that verifier id, hexadecimal; undefined where it is not there. Throws where it may be one that cannot be read. */
  withId(id: string): LogKey | undefined
  /** Whether the key's file still holds it. */
  stands(key: LogKey): boolean
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
      // Before the names are read: of processes that find none at one time each makes the same.
      const next = nextNumber(folder)
      const last = numbersIn(folder).at(-1)
      const there = last === undefined ? undefined : numbered(last)
      // Where all files are gone the one that is known stays: a key is made in the place of a lost one by an operator alone.
      const known = there ?? read.get(Math.max(...read.keys()))
      if (known !== undefined) return known
      const made = logKey(makeNumbered(folder, next), log, next)
      read.set(next, made)
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
    stands({ verifier, number }) {
      try {
        const pem = readKeyFile(pathOf(folder, number))
        return pem !== undefined && logKey(pem, log, number).verifier.id.equals(verifier.id)
      } catch {
        return false
      }
    },
  }
}
