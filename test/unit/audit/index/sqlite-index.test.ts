import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { IndexStore } from '../../../../src/audit/index/index-store.ts'
import type { IndexedExchange, NewExchange } from '../../../../src/audit/index/indexed.ts'
import type { ExchangeSearch } from '../../../../src/audit/index/search.ts'
import { openSqliteIndex } from '../../../../src/audit/index/sqlite-index.ts'
import { indexBatch, indexedExchange, lateOutcome, openExchange } from '../../../support/index-rows.ts'
import { whereMountable } from '../../../support/small-disk.ts'
import { until } from '../../../support/until.ts'

const time = 1_790_000_000_000
const day = 86_400_000
const log = 'node1/main'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'ssp-parts-'))
})
afterEach(() => rmSync(data, { recursive: true }))

async function withIndex<T>(partRows: number, act: (store: IndexStore) => Promise<T>, directory = data): Promise<T> {
  const store = openSqliteIndex(directory, partRows)
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

const ids = (found: readonly IndexedExchange[]) => found.map(({ exchange }) => exchange)
const newestFirst = (a: IndexedExchange, b: IndexedExchange) => b.at - a.at || (a.exchange < b.exchange ? 1 : -1)

/** So many exchanges a millisecond apart, the first with this record. */
function exchangesFrom(record: number, count: number, change: Partial<NewExchange> = {}): readonly NewExchange[] {
  return Array.from({ length: count }, (_, more) => indexedExchange({ record: record + more, at: time + record + more, ...change }))
}

test('over parts whose times overlap, pages of every length are those of one list', async () => {
  let state = 7
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const known = Array.from({ length: 400 }, (_, record) =>
    indexedExchange({
      ...{ record, at: time + Math.floor(record / 3) * 10 - random(200), status: [200, 200, 200, 404, 502][random(5)]! },
      ...{ from: String(200_000_000_000 + random(9)), to: String(200_000_000_000 + random(9)), totalMs: random(3000) / 2 },
      subjects: random(4) === 0 ? [`s${random(20)}`, `s${random(20)}`] : [],
    }),
  )
  await withIndex(16, async (store) => {
    for (let from = 0; from < known.length; from += 25) await store.add(indexBatch(from, { exchanges: known.slice(from, from + 25) }))
  })
  const searches: readonly (readonly [ExchangeSearch, (one: NewExchange) => boolean])[] = [
    [{}, () => true],
    [{ status: 502 }, ({ status }) => status === 502],
    [{ asid: '200000000003' }, ({ from, to }) => [from, to].includes('200000000003')],
    [{ asid: '200000000003', status: 404 }, ({ from, to, status }) => [from, to].includes('200000000003') && status === 404],
    [{ slowerThanMs: 1024 }, ({ totalMs = 0 }) => totalMs > 1024],
    [{ slowerThanMs: 1200.5, status: 200 }, ({ totalMs = 0, status }) => totalMs > 1200.5 && status === 200],
    [{ subjects: ['s1', 's2', 's3'] }, ({ subjects }) => subjects.some((one) => ['s1', 's2', 's3'].includes(one))],
    [{ since: time + 300, until: time + 700 }, ({ at }) => at >= time + 300 && at < time + 700],
    [{ since: time + 300, until: time + 700, status: 200 }, ({ at, status }) => at >= time + 300 && at < time + 700 && status === 200],
  ]
  await withIndex(16, async (store) => {
    for (const [search, sought] of searches) {
      const expected = ids(known.filter(sought).toSorted(newestFirst))
      expect(expected.length).toBeGreaterThan(3)
      for (const limit of [1, 7, 60, 1000]) {
        expect([search, ids(await store.search(search, limit))]).toEqual([search, expected.slice(0, limit)])
        const found: IndexedExchange[] = []
        for (let page = await store.search(search, limit); page.length > 0; ) {
          found.push(...page)
          const { at, exchange: key } = page.at(-1)!
          page = await store.search(search, limit, { at, key })
        }
        expect(ids(found)).toEqual(expected)
      }
    }
  })
})

test('outcomes that come when the part of their exchanges is full are found by all that they say, then and after a new start', async () => {
  const late = [openExchange({ at: time }), openExchange({ at: time + 1 }), openExchange({ at: time + 2 })]
  const ending = (n: number) => ({ status: 504, rule: 'late', totalMs: 61_000 + n, subjects: [`late ${n}`, 'all'] })
  const sought: readonly ExchangeSearch[] = [
    { status: 504 },
    { rule: 'late' },
    { slowerThanMs: 60_000 },
    { subjects: ['all'] },
    { subjects: ['late 1', 'late 2', 'late 0'] },
  ]
  const all = ids(late.toReversed())
  await withIndex(4, async (store) => {
    await store.add(indexBatch(0, { exchanges: [...late, ...exchangesFrom(3, 9)] }))
    for (const [n, { exchange }] of late.entries()) await store.add(indexBatch(12 + n, { outcomes: [lateOutcome(exchange, ending(n))] }))
    for (const search of sought) expect([search, ids(await store.search(search, 10))]).toEqual([search, all])
  })
  await withIndex(4, async (store) => {
    for (const search of sought) expect([search, ids(await store.search(search, 10))]).toEqual([search, all])
    expect(ids(await store.search({ slowerThanMs: 61_001 }, 10))).toEqual([late[2]!.exchange])
    expect(ids(await store.search({ subjects: ['late 0'] }, 10))).toEqual([late[0]!.exchange])
    expect(await store.search({ traceId: late[0]!.traceId! }, 100)).toHaveLength(12)
    expect(await store.search({}, 100)).toHaveLength(12)
  })
})

test('an outcome whose exchange was purged meanwhile is an exchange of its own', async () => {
  const [old, recent] = [openExchange({ at: time }), openExchange({ at: time + 2 * day })]
  await withIndex(4, async (store) => {
    await store.add(indexBatch(0, { exchanges: [old, recent] }))
    await store.purge(time + day)
    const ended = time + 3 * day
    await store.add(indexBatch(2, { outcomes: [old, recent].map(({ exchange }) => lateOutcome(exchange, { ended, status: 504 })) }))
    const found = await store.search({ status: 504 }, 10)
    expect(found.map(({ exchange, at }) => [exchange, at])).toEqual([
      [old.exchange, ended],
      [recent.exchange, recent.at],
    ])
  })
})

test('what another process takes in, takes out and fills parts with is found by this one', async () => {
  await withIndex(4, (one) =>
    withIndex(4, async (other) => {
      const exchanges = exchangesFrom(0, 30)
      for (const [turn, store] of [one, other, one, other, one].entries()) {
        await store.add(indexBatch(turn * 6, { exchanges: exchanges.slice(turn * 6, turn * 6 + 6) }))
        for (const asked of [one, other]) expect(await asked.search({}, 100)).toHaveLength(turn * 6 + 6)
      }
      await other.purge(time + 10)
      expect(ids(await one.search({}, 100))).toEqual(ids(exchanges.slice(10).toReversed()))
      await one.forget(log)
      expect(await other.search({}, 100)).toEqual([])
      expect(await other.add(indexBatch(0, { exchanges }))).toBe(true)
      expect(await one.search({ status: 200 }, 100)).toHaveLength(30)
    }),
  )
})

test('where whole parts were purged, what comes later is taken in and found, at once and after a new start', async () => {
  const later = exchangesFrom(30, 7)
  await withIndex(4, async (store) => {
    await store.add(indexBatch(0, { exchanges: exchangesFrom(0, 10) }))
    await store.purge(time + day)
    expect(await store.search({}, 100)).toEqual([])
  })
  await withIndex(4, async (store) => {
    expect(await store.add(indexBatch(10, { exchanges: later }))).toBe(true)
    await store.purge(time + 35)
    expect(ids(await store.search({}, 100))).toEqual(ids(later.slice(5).toReversed()))
  })
  await withIndex(4, async (store) => {
    const last = exchangesFrom(40, 9)
    expect(await store.add(indexBatch(17, { exchanges: last }))).toBe(true)
    expect(ids(await store.search({ status: 200 }, 100))).toEqual(ids([...later.slice(5), ...last].toReversed()))
  })
})

test('of a log that shares parts with another, that one alone is taken out', async () => {
  const [one, other] = [exchangesFrom(0, 12), exchangesFrom(0, 12, { log: 'node1/w1' })]
  await withIndex(4, async (store) => {
    for (let from = 0; from < 12; from += 3) {
      await store.add(indexBatch(from, { exchanges: one.slice(from, from + 3) }))
      await store.add(indexBatch(from, { exchanges: other.slice(from, from + 3) }, 'node1/w1'))
    }
    await store.forget(log)
    expect((await store.search({ status: 200 }, 100)).map(({ log: of }) => of)).toEqual(other.map(() => 'node1/w1'))
    await store.add(indexBatch(0, { exchanges: one }))
    expect(await store.search({ status: 200 }, 100)).toHaveLength(24)
  })
  await withIndex(4, async (store) => expect(await store.search({ status: 200 }, 100)).toHaveLength(24))
})

test('tables of an earlier version are replaced, and begin empty', async () => {
  mkdirSync(join(data, 'index'), { mode: 0o700 })
  const older = new DatabaseSync(join(data, 'index', 'audit.sqlite'))
  older.exec(
    "CREATE TABLE exchanges (exchange TEXT); CREATE TABLE positions (log TEXT, next INTEGER); INSERT INTO positions VALUES ('node1/main', 9); PRAGMA user_version = 1",
  )
  older.close()
  await withIndex(4, async (store) => {
    expect(await store.position(log)).toBeUndefined()
    expect(await store.add(indexBatch(0, { exchanges: exchangesFrom(0, 9) }))).toBe(true)
    expect(await store.search({}, 100)).toHaveLength(9)
  })
})

test('a process that is killed at any moment leaves whole batches, each once', async () => {
  let taken = 0
  for (let kill = 0; kill < 6; kill += 1) {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../../support/index-child.ts'), data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (more) => {
      text += more
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await until('batches are taken', () => text.split('\n').length > 4 + kill * 3)
    child.kill('SIGKILL')
    await ended
    taken = Number(text.trim().split('\n').at(-1))
    await withIndex(50, async (store) => {
      const position = (await store.position(log))!
      expect(position.next).toBeGreaterThanOrEqual(taken)
      const records: number[] = []
      for (let page = await store.search({ status: 200 }, 1000); page.length > 0; ) {
        records.push(...page.map(({ record }) => record))
        const { at, exchange: key } = page.at(-1)!
        page = await store.search({ status: 200 }, 1000, { at, key })
      }
      expect(records.toReversed()).toEqual(Array.from({ length: position.next }, (_, record) => record))
    })
  }
})

whereMountable('an index on a full disk', '8m', (disk) => {
  test('nothing of a batch that finds no room is kept, and once there is room the index goes on from its position', async () => {
    const ballast = join(disk, 'ballast')
    await withIndex(
      100,
      async (store) => {
        let from = 0
        const add = async () => {
          const exchanges = exchangesFrom(from, 60)
          expect(await store.add(indexBatch(from, { exchanges }))).toBe(true)
          from += 60
        }
        await add()
        writeFileSync(ballast, Buffer.alloc(4_000_000))
        await expect(
          (async () => {
            for (;;) await add()
          })(),
        ).rejects.toThrow(/full/)
        for (let again = 0; again < 3; again += 1) await expect(add()).rejects.toThrow(/full/)
        expect((await store.position(log))?.next).toBe(from)
        const found = await store.search({ status: 200 }, 5000)
        expect(found.map(({ record }) => record).toReversed()).toEqual(Array.from({ length: from }, (_, record) => record))
        rmSync(ballast)
        for (let more = 0; more < 5; more += 1) await add()
        expect(await store.search({ status: 200 }, 10_000)).toHaveLength(from)
      },
      disk,
    )
  })
})
