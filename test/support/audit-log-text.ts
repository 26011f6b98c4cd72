import { closeSync, fstatSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { openPeriodKeys, type PeriodKeys } from '../../src/audit/period-keys.ts'
import type { StoredEntry } from '../../src/audit/stored-entry.ts'

/** The paths of a log's segments in order. */
export function segmentsOf(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(directory, name))
}

/** The log's entries in order, read as plain lines and opened with the data directory's keys; a last line that is still being written is left out. */
export function entriesOf(directory: string): readonly AuditEntry[] {
  return followEntries(directory)()
}

/**
 * Gives at each call what `entriesOf` gives, and reads only what has come since the call before: a test that waits for a record asks often. What a
 * log's next start has cut off and written anew is read anew; a log that is forged meanwhile is to be read by `entriesOf`.
 */
export function followEntries(directory: string): () => readonly AuditEntry[] {
  const log = basename(directory).replace(/-([^-]*)$/, '/$1')
  const segments = new Map<string, Followed>()
  return () => {
    const keys = openPeriodKeys(join(directory, '..', '..'))
    const paths = segmentsOf(directory)
    for (const path of segments.keys()) if (!paths.includes(path)) segments.delete(path)
    return paths.flatMap((path) => {
      const segment = segments.get(path) ?? { position: 0, tail: '', lines: [] }
      segments.set(path, segment)
      readOn(path, segment)
      return segment.lines.map((line) => opened(line, keys, log))
    })
  }
}

/** How far a segment has been read. */
interface Followed {
  /** Bytes read: all whole lines. */
  position: number
  /** The last of them. */
  tail: string
  readonly lines: Line[]
}

interface Line {
  readonly index: number
  /** As it is stored, until its period's key has opened it. */
  readonly stored: StoredEntry
  opened?: AuditEntry
}

const longestTail = 256

function readOn(path: string, segment: Followed): void {
  const file = openSync(path, 'r')
  try {
    const size = fstatSync(file).size
    if (size === segment.position && size > 0) return
    let text = bytesFrom(file, segment.position - segment.tail.length, size)
    if (!text.startsWith(segment.tail)) {
      Object.assign(segment, { position: 0, tail: '' })
      segment.lines.length = 0
      text = bytesFrom(file, 0, size)
    }
    const whole = text.slice(segment.tail.length, text.lastIndexOf('\n') + 1)
    for (const line of whole.split('\n')) {
      if (!line.startsWith('{"i":')) continue
      const { i, e } = JSON.parse(line) as { i: number; e: StoredEntry }
      segment.lines.push({ index: i, stored: e })
    }
    segment.position += whole.length
    segment.tail = (segment.tail + whole).slice(-longestTail)
  } finally {
    closeSync(file)
  }
}

/** The bytes from one position to another as latin1, which has a character for each. */
function bytesFrom(file: number, from: number, to: number): string {
  const bytes = Buffer.alloc(Math.max(to - from, 0))
  return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, from))
}

function opened(line: Line, keys: PeriodKeys, log: string): AuditEntry {
  if (line.opened !== undefined) return line.opened
  const { index, stored } = line
  if (!('personal' in stored)) return stored
  const personal = keys.open(stored.personal, log, index)
  if (personal !== undefined) line.opened = { ...stored, personal } as AuditEntry
  return line.opened ?? (stored as unknown as AuditEntry)
}

/** Runs with a new data directory's path, in a folder that is removed afterwards. */
export async function withDataDir<T>(act: (dataDir: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ssp-audit-'))
  try {
    return await act(join(folder, 'data'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
