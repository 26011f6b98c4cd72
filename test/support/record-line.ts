import { mostAroundEntry, writeRecord } from '../../src/audit/log-line.ts'

/** One record's line by itself, and its chain hash. */
export function recordLine(prev: string, index: number, group: number, json: string): { readonly text: string; readonly hash: string } {
  const bytes = Buffer.alloc(mostAroundEntry + json.length)
  const { end, hash } = writeRecord(bytes, 0, { prev, index, group }, json, '}')
  return { text: bytes.toString('latin1', 0, end), hash }
}
