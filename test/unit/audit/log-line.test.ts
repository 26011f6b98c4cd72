import { createHash } from 'node:crypto'
import { genesis, mostAroundEntry, writeRecord } from '../../../src/audit/log-line.ts'
import { leafHash } from '../../../src/audit/merkle-tree.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url')

test.each([
  [0, 0],
  [9, 7],
  [1_234_567, 1_234_560],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
])('the line of record %i of the group %i is what is hashed, and nothing around it is touched', (index, group) => {
  const json = '{"v":1,"type":"operation"}'
  const end = ',"personal":{"period":"2026-11","sealed":"AAAA"}}'
  const entry = json.slice(0, -1) + end
  const bytes = Buffer.alloc(10 + mostAroundEntry + json.length + end.length + 10, '#')
  const written = writeRecord(bytes, 10, { prev: genesis, index, group }, json, end)
  const digest = sha256(`ssp-audit-record-1\n${genesis}\n${index}\n${group}\n${entry}`)
  expect(bytes.toString('latin1', 0, written.end)).toBe(`${'#'.repeat(10)}{"i":${index},"g":${group},"h":"${digest}","e":${entry}}\n`)
  expect(bytes.toString('latin1', written.end)).toMatch(/^#{10,}$/)
  expect(written.hash).toBe(digest)
  expect(written.leaf).toEqual(leafHash(entry))
})
