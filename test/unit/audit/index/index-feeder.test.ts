import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditSettings } from '../../../../src/audit/audit-settings.ts'
import type { AuditTrail } from '../../../../src/audit/audit-trail.ts'
import { indexSettings } from '../../../../src/audit/index/index-settings.ts'
import type { IndexStore } from '../../../../src/audit/index/index-store.ts'
import { createIndexWork, type IndexWork } from '../../../../src/audit/index/index-work.ts'
import { openIndexStore } from '../../../../src/audit/index/open-index-store.ts'
import { keptSince } from '../../../../src/audit/kept-since.ts'
import { openPeriodKeys } from '../../../../src/audit/period-keys.ts'
import { openAuditTrail } from '../../../../src/audit/trail.ts'
import { type Clock, systemClock } from '../../../../src/lib/clock.ts'
import { refusedCall, sampleForwarding, sampleOperation, sampleOutcome, sampleRefused } from '../../../support/audit-entries.ts'
import { newExchangeId } from '../../../support/index-rows.ts'

let data: string
let trail: AuditTrail
let work: IndexWork
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'ssp-feeder-'))
  trail = await open()
  work = openWork()
})
afterEach(async () => {
  await trail.close()
  await work.close()
  rmSync(data, { recursive: true })
})

function open(worker = 'main', segmentBytes = 4096): Promise<AuditTrail> {
  return openAuditTrail(auditSettings.parse({ node: 'node1', reserveBytes: 0, segmentBytes }), data, { clock: systemClock, worker })
}

function openWork(retentionMonths = 1200, clock: Clock = systemClock): IndexWork {
  const store = openIndexStore(indexSettings.parse({}), { dataDirectory: data, now: Date.now })
  return createIndexWork({ store, dataDirectory: data, node: 'node1', retentionMonths, clock })
}

async function record(count: number, to = trail): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, newExchangeId)
  for (const exchange of ids) {
    await to.forwarding(sampleForwarding(exchange))
    to.outcome(sampleOutcome(exchange))
  }
  // An outcome is not awaited: the next durable record stands behind it.
  await to.operation(sampleOperation('mark'))
  return ids
}

const all = async () => (await work.search({}, 5000)).rows.map(({ exchange }) => exchange)
const log = () => join(data, 'audit', 'node1-main')
const segments = () =>
  readdirSync(log())
    .filter((name) => name.endsWith('.log'))
    .sort()

test('over many segments, starts and logs each exchange is taken in once, with both its records', async () => {
  const first = await record(20)
  await work.caughtUp()
  const second = await record(20)
  await trail.close()
  trail = await open()
  const third = await record(3)
  const other = await open('w1')
  const fourth = await record(5, other)
  await other.close()
  await work.caughtUp()
  expect(segments().length).toBeGreaterThan(5)
  expect((await all()).toSorted()).toEqual([...first, ...second, ...third, ...fourth].toSorted())
  const found = await work.find(second[7]!)
  expect(found?.records.map(({ entry }) => entry.type)).toEqual(['forwarding', 'outcome'])
  expect(found?.records.map(({ index }) => index)).toEqual([found?.exchange.record, found?.exchange.outcomeRecord])
  expect(work.progress.logs).toEqual({ 'node1/main': 20 * 2 + 20 * 2 + 3 * 2 + 3, 'node1/w1': 11 })
  expect((await work.events({ act: 'mark' }, 10)).rows).toHaveLength(4)
})

test('an exchange is open until its outcome comes, refused ones are whole at once', async () => {
  const [forwarded, refused] = [newExchangeId(), newExchangeId()]
  await trail.forwarding(sampleForwarding(forwarded))
  trail.refused(refusedCall(sampleRefused(refused, { organisations: { from: 'T77777' } })), false)
  await trail.operation(sampleOperation())
  await work.caughtUp()
  expect(await work.find(forwarded)).toMatchObject({ exchange: { end: 'open', forwarded: true } })
  expect(await work.find(refused)).toMatchObject({
    exchange: { end: 'refused', forwarded: false, status: 400, fromOrganisation: 'T77777' },
  })
  trail.outcome(sampleOutcome(forwarded))
  await trail.operation(sampleOperation())
  await work.caughtUp()
  expect(await work.find(forwarded)).toMatchObject({ exchange: { end: 'complete', status: 200 } })
})

test('a new start goes on where the last one was, and finds what came meanwhile', async () => {
  const first = await record(4)
  await work.caughtUp()
  await work.close()
  const second = await record(4)
  work = openWork()
  await work.caughtUp()
  expect((await all()).toSorted()).toEqual([...first, ...second].toSorted())
  expect(work.progress.records).toBe(9)
})

test('an index that is made anew while much is taken in waits for the batch under way, not for all of it', async () => {
  const ids = Array.from({ length: 1500 }, newExchangeId)
  await Promise.all(ids.map((exchange) => trail.forwarding(sampleForwarding(exchange))))
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const store = openIndexStore(indexSettings.parse({}), { dataDirectory: data, now: Date.now })
  let batches = 0
  const held: IndexStore = {
    ...store,
    add: async (batch) => {
      batches += 1
      begun.resolve()
      await released.promise
      return store.add(batch)
    },
  }
  await work.close()
  work = createIndexWork({ store: held, dataDirectory: data, node: 'node1', retentionMonths: 1200, clock: systemClock })
  const feeding = expect(work.caughtUp()).rejects.toThrow('is being made anew')
  await begun.promise
  const rebuilt = work.rebuild()
  released.resolve()
  await rebuilt
  await feeding
  expect(batches).toBe(1)
  await work.caughtUp()
  expect(batches).toBeGreaterThan(2)
  expect(await all()).toHaveLength(1500)
})

test('R5: an index whose file is no database, or a damaged one, is made anew from the log: when it is opened, and as soon as damage shows', async () => {
  const path = join(data, 'index', 'audit.sqlite')
  const ids = await record(300)
  await work.caughtUp()
  await work.close()
  writeFileSync(path, Buffer.alloc(20_000, 'A'))
  for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
  work = openWork()
  await work.caughtUp()
  expect((await all()).toSorted()).toEqual(ids.toSorted())
  await work.close()
  const bytes = readFileSync(path)
  for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xee, page, page + 2000)
  writeFileSync(path, bytes)
  work = openWork()
  await expect(work.search({}, 5000)).rejects.toThrow(/was damaged, and is made anew/)
  await work.caughtUp()
  expect((await all()).toSorted()).toEqual(ids.toSorted())
})

test('a log behind a link is taken in, and one whose disk is away keeps the others from nothing', async () => {
  const ids = [...(await record(3))]
  await trail.close()
  const moved = mkdtempSync(join(tmpdir(), 'ssp-moved-'))
  try {
    renameSync(log(), join(moved, 'log'))
    symlinkSync(join(moved, 'log'), log())
    symlinkSync(join(moved, 'away'), join(data, 'audit', 'node1-away'))
    trail = await open()
    ids.push(...(await record(2)))
    await work.caughtUp()
    expect((await all()).toSorted()).toEqual(ids.toSorted())
  } finally {
    rmSync(moved, { recursive: true })
  }
})

test('an unfinished line is left until it is whole', async () => {
  const [exchange] = await record(1)
  const path = join(log(), segments().at(-1)!)
  const text = readFileSync(path, 'latin1')
  const cut = text.lastIndexOf('\n', text.length - 2) + 20
  truncateSync(path, cut)
  await work.caughtUp()
  expect(await all()).toEqual([exchange])
  expect((await work.events({}, 10)).rows).toEqual([])
  appendFileSync(path, text.slice(cut), 'latin1')
  await work.caughtUp()
  expect((await work.events({}, 10)).rows).toHaveLength(1)
})

test('a log that was cut back, or replaced by an older copy, is taken in anew: nothing is found that it does not hold', async () => {
  await record(3)
  await work.caughtUp()
  const copy = join(data, 'copy')
  cpSync(log(), copy, { recursive: true })
  const kept = await all()
  const lost = await record(3)
  await work.caughtUp()
  expect(await all()).toHaveLength(6)
  await trail.close()
  rmSync(log(), { recursive: true })
  cpSync(copy, log(), { recursive: true })
  trail = await open()
  const later = await record(4)
  await work.caughtUp()
  await work.caughtUp()
  expect((await all()).toSorted()).toEqual([...kept, ...later].toSorted())
  expect(await work.find(lost[0]!)).toBeUndefined()
})

test('lines that are no records are passed over, and a giant one does not fill the memory', async () => {
  const first = await record(2)
  await trail.close()
  const path = join(log(), segments().at(-1)!)
  const entry = JSON.stringify(sampleForwarding(newExchangeId()))
  const line = (json: string, end = '}') => `{"i":900,"g":900,"h":"${'A'.repeat(43)}","e":${json}${end}\n`
  const broken = [
    line(entry, ' }'),
    line(entry, ''),
    line(`[${entry}]`),
    line(entry.replace(',', ',\r')),
    line(entry, '}}'),
    line(entry.slice(1)),
  ]
  writeFileSync(path, `nonsense\n{"i":1}\n${broken.join('')}${'x'.repeat(40 * 1_048_576)}\n`, { flag: 'a' })
  await work.caughtUp()
  expect((await all()).toSorted()).toEqual([...first].toSorted())
})

test('an index made anew is the same', async () => {
  await record(30)
  await work.caughtUp()
  const before = await work.search({}, 5000)
  await work.rebuild()
  expect(await all()).toEqual([])
  await work.caughtUp()
  expect(await work.search({}, 5000)).toEqual(before)
})

test('a number is found under the key of each month, under none once the keys are destroyed, and never stands in the index', async () => {
  const [older, newer] = [newExchangeId(), newExchangeId()]
  const number = '9690937278'
  const at = Date.UTC(2026, 0, 31)
  await trail.forwarding(sampleForwarding(older, { at, personal: { subjects: [number] } }))
  await trail.forwarding(sampleForwarding(newer, { at: at + 86_400_000, personal: { subjects: [number] } }))
  await work.caughtUp()
  const keys = openPeriodKeys(data)
  const hashes = () => keys.periods.flatMap((period) => keys.subjectHash(period, number) ?? [])
  expect(hashes()).toHaveLength(2)
  expect(new Set((await work.hashesOf(number)).hashes)).toEqual(new Set(hashes()))
  const found = async () => (await work.search({ subjects: hashes() }, 10)).rows.map(({ exchange }) => exchange)
  expect(await found()).toEqual([newer, older])
  keys.destroyBefore('2026-02')
  expect(await found()).toEqual([newer])
  expect(readFileSync(join(data, 'index', 'audit.sqlite-wal'), 'latin1')).not.toContain(number)
})

test('what is past its months is purged', async () => {
  await trail.forwarding(sampleForwarding(newExchangeId(), { at: Date.UTC(2020, 0, 1), personal: { subjects: ['9690937278'] } }))
  await trail.forwarding(sampleForwarding(newExchangeId(), { at: Date.now() }))
  await work.close()
  openPeriodKeys(data).destroyBefore('2020-02')
  work = openWork(24)
  await work.step()
  expect(await all()).toHaveLength(1)
  expect(keptSince(Date.UTC(2026, 10, 26), 24)).toBe(Date.UTC(2024, 10, 1))
})

test('R7: a clock that is years ahead takes nothing out of the index whose key is still there', async () => {
  const ids = await record(3)
  await work.close()
  work = openWork(24, { ...systemClock, now: () => Date.now() + 10 * 366 * 86_400_000 })
  await work.step()
  expect((await all()).toSorted()).toEqual([...ids].toSorted())
})

test('a log that grows faster than it is read does not keep the others, and the pass, from their end', async () => {
  const other = await open('w1')
  await record(5, other)
  await other.close()
  let growing = true
  const grows = (async () => {
    while (growing) await record(1)
  })()
  try {
    for (let pass = 0; pass < 5; pass += 1) await work.caughtUp()
    expect(work.progress.complete).toBeGreaterThan(0)
    expect(work.progress.logs['node1/w1']).toBe(11)
  } finally {
    growing = false
    await grows
  }
  await work.caughtUp()
  const rows = (await work.search({}, 5000)).rows
  expect(rows.every(({ end }) => end === 'complete')).toBe(true)
  expect(new Set(rows.map(({ exchange }) => exchange)).size).toBe(rows.length)
})

test('a segment whose header is longer than a chunk is read', async () => {
  const ids = Array.from({ length: 40_000 }, newExchangeId)
  await Promise.all(ids.map((exchange) => trail.forwarding(sampleForwarding(exchange, { personal: {} }))))
  await trail.close()
  for (const name of segments().slice(0, -2)) rmSync(join(log(), name))
  expect(readFileSync(join(log(), segments()[0]!)).indexOf(10)).toBeGreaterThan(1_048_576)
  await work.caughtUp()
  expect((await all()).length).toBeGreaterThan(0)
  trail = await open()
})
