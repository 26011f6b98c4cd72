import { join } from 'node:path'
import { indexSettings } from '../../../src/audit/index/index-settings.ts'
import { openIndexStore } from '../../../src/audit/index/open-index-store.ts'
import { indexBatch, indexedExchange } from '../../support/index-rows.ts'
import { type Installation, install } from '../../support/run-ssp.ts'

let here: Installation
beforeAll(async () => {
  here = await install()
})
afterAll(() => here.remove())

async function fill(count: number): Promise<void> {
  const store = openIndexStore(indexSettings.parse({}), { dataDirectory: join(here.directory, 'data'), now: Date.now })
  const step = 5000
  for (let from = 0; from < count; from += step)
    await store.add(
      indexBatch(from, {
        exchanges: Array.from({ length: step }, (_, n) => indexedExchange({ record: from + n, at: 1_790_000_000_000 + from + n })),
      }),
    )
  await store.close()
}

const count = 150_000

test('an export of everything is written whole by a program that could not hold it, with its number at the end', async () => {
  await fill(count)
  const { code, out, error } = await here.run(['audit', 'export', '--json'], { NODE_OPTIONS: '--max-old-space-size=64' })
  expect({ code, last: error.trim().split('\n').at(-1) }).toEqual({ code: 0, last: `{"exchanges":${count}}` })
  // As objects these would need more than three times that heap.
  expect(out.length).toBeGreaterThan(1.2 * 64 * 1_048_576)
  const lines = out.trimEnd().split('\n')
  expect(lines).toHaveLength(count)
  expect(new Set(lines.map((line) => (JSON.parse(line) as { exchange: string }).exchange)).size).toBe(count)
  expect(JSON.parse(lines[0]!)).toMatchObject({ at: 1_790_000_000_000 + count - 1 })
})

test('an export keeps to its conditions, in each format', async () => {
  const range = ['--since', new Date(1_790_000_000_000 + 10).toISOString(), '--until', new Date(1_790_000_000_000 + 17).toISOString()]
  const lines = async (format: string) => (await here.run(['audit', 'export', '--format', format, ...range])).out.trimEnd().split('\n')
  expect(await lines('ndjson')).toHaveLength(7)
  expect(await lines('csv')).toHaveLength(8)
  expect((await lines('fhir')).map((line) => (JSON.parse(line) as { resourceType: string }).resourceType)).toEqual(
    Array(7).fill('AuditEvent'),
  )
  expect(await here.run(['audit', 'export', '--format', 'xls'])).toMatchObject({ code: 64 })
})
