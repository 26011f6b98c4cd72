import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { openPeriodKeys } from '../../src/audit/period-keys.ts'
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
  const lines = segmentsOf(directory).flatMap((path) => readFileSync(path, 'latin1').split('\n').slice(0, -1))
  const keys = openPeriodKeys(join(directory, '..', '..'))
  const log = basename(directory).replace(/-([^-]*)$/, '/$1')
  return lines
    .filter((line) => line.startsWith('{"i":'))
    .map((line) => {
      const { i, e } = JSON.parse(line) as { i: number; e: StoredEntry }
      const opened = 'personal' in e ? { ...e, personal: keys.open(e.personal, log, i) ?? e.personal } : e
      return opened as AuditEntry
    })
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
