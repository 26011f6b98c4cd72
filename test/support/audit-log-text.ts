import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEntry } from '../../src/audit/entry.ts'

/** The paths of a log's segments in order. */
export function segmentsOf(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(directory, name))
}

/** The log's entries in order, read as plain lines; a last line that is still being written is left out. */
export function entriesOf(directory: string): readonly AuditEntry[] {
  const lines = segmentsOf(directory).flatMap((path) => readFileSync(path, 'latin1').split('\n').slice(0, -1))
  return lines.filter((line) => line.startsWith('{"i":')).map((line) => (JSON.parse(line) as { e: AuditEntry }).e)
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
