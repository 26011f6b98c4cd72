import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditSettings } from '../../../../src/audit/audit-settings.ts'
import type { StoredRecord } from '../../../../src/audit/index/audit-index.ts'
import { recordsInOrder } from '../../../../src/audit/index/records-in-order.ts'
import { openAuditTrail } from '../../../../src/audit/trail.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { sampleForwarding } from '../../../support/audit-entries.ts'
import { newExchangeId } from '../../../support/index-rows.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'ssp-order-'))
})
afterEach(() => rmSync(data, { recursive: true }))

/** Writes a log with a forwarding record at each of these times, in segments of a few. */
async function write(worker: string, times: readonly number[]): Promise<void> {
  const settings = auditSettings.parse({ node: 'node1', reserveBytes: 0, segmentBytes: 4096 })
  const trail = await openAuditTrail(settings, data, { clock: systemClock, worker })
  for (const at of times) await trail.forwarding(sampleForwarding(newExchangeId(), { at }))
  await trail.close()
}

async function read(since: number, until: number): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = []
  for await (const record of recordsInOrder(data, since, until)) records.push(record)
  return records
}

const timesOf = (records: readonly StoredRecord[]) =>
  records.filter(({ entry }) => entry.type === 'forwarding').map(({ entry }) => entry.at)
const evens = Array.from({ length: 40 }, (_, i) => 1000 + 2 * i)
const odds = evens.map((at) => at + 1)

test('records of several logs come in the order of their times, each with its log and index', async () => {
  await write('a', evens)
  await write('b', odds)
  const records = await read(0, 5000)
  expect(timesOf(records)).toEqual([...evens, ...odds].toSorted((a, b) => a - b))
  expect(records.slice(0, 2)).toMatchObject([
    { log: 'node1/a', index: 0 },
    { log: 'node1/b', index: 0 },
  ])
})

test('a range is cut out wherever it begins: at a segment, within one, before the first record and behind the last', async () => {
  await write('a', evens)
  expect(readdirSync(join(data, 'audit', 'node1-a')).filter((name) => name.endsWith('.log')).length).toBeGreaterThan(5)
  for (const since of [0, ...evens, 1079, 5000]) {
    const until = since + 21
    expect(timesOf(await read(since, until))).toEqual(evens.filter((at) => since <= at && at < until))
  }
})

test('segments of before the range are not read: a damaged one of them disturbs nobody', async () => {
  await write('a', evens)
  const [first = ''] = readdirSync(join(data, 'audit', 'node1-a')).sort()
  const path = join(data, 'audit', 'node1-a', first)
  const text = readFileSync(path, 'latin1')
  writeFileSync(path, text.replaceAll('"at":1002', '"at":1060'), 'latin1')
  expect(timesOf(await read(1060, 1070))).toEqual([1060, 1062, 1064, 1066, 1068])
})

test('records that are a little late in their log are found all the same', async () => {
  await write('a', [1000, 1500, 1200, 60_000, 1900, 70_000])
  expect(timesOf(await read(1000, 2000))).toEqual([1000, 1500, 1200, 1900])
})

test('where nothing was recorded there is nothing', async () => {
  expect(await read(0, 5000)).toEqual([])
})
