import type { IndexStore } from '../../src/audit/index/index-store.ts'
import type { IndexedExchange, NewExchange } from '../../src/audit/index/indexed.ts'
import { type Cursor, type ExchangeSearch, eventKey } from '../../src/audit/index/search.ts'
import { indexBatch, indexedExchange, lateOutcome, newExchangeId, openExchange } from '../support/index-rows.ts'

/** A place for one index, which can be opened again and again. */
export interface IndexPlace {
  open(): IndexStore
  close(): Promise<void>
}

/** The time that every row of the suite is near. */
export const suiteTime = 1_790_000_000_000

const withoutSubjects = ({ subjects: _stored, ...exchange }: NewExchange): IndexedExchange => exchange

/** What every backend of the index does. */
export function auditIndexContract(name: string, makePlace: () => Promise<IndexPlace>): void {
  describe(`audit index: ${name}`, () => {
    let place: IndexPlace
    let store: IndexStore
    beforeEach(async () => {
      place = await makePlace()
      store = place.open()
    })
    afterEach(async () => {
      await store.close()
      await place.close()
    })

    const ids = (found: readonly IndexedExchange[]) => found.map(({ exchange }) => exchange)
    const foundBy = async (search: ExchangeSearch, limit = 100) => ids(await store.search(search, limit))

    test('a log that nothing was taken of has no position, and afterwards the one of its last batch', async () => {
      expect(await store.position('node1/main')).toBeUndefined()
      expect(await store.add(indexBatch(0, { exchanges: [indexedExchange()] }))).toBe(true)
      expect(await store.position('node1/main')).toEqual({ next: 1, place: '000000000000:1', digest: 'digest 1' })
      expect(await store.position('node1/w1')).toBeUndefined()
    })

    test('a batch that was taken already, or that leaves out records, is not taken, and nothing of it is kept', async () => {
      const [first, again, later] = [indexedExchange(), indexedExchange(), indexedExchange()]
      expect(await store.add(indexBatch(0, { exchanges: [first] }))).toBe(true)
      expect(await store.add(indexBatch(0, { exchanges: [again] }))).toBe(false)
      expect(await store.add(indexBatch(2, { exchanges: [later] }))).toBe(false)
      expect(await foundBy({})).toEqual([first.exchange])
      expect(await store.position('node1/main')).toMatchObject({ next: 1 })
    })

    test('of two that feed the same log at once each record is taken once', async () => {
      const other = place.open()
      try {
        for (let from = 0; from < 20; from += 1) {
          const batch = indexBatch(from, { exchanges: [indexedExchange({ record: from })] })
          const taken = await Promise.all([store.add(batch), other.add(batch)])
          expect(taken.toSorted()).toEqual([false, true])
        }
        expect(await foundBy({})).toHaveLength(20)
      } finally {
        await other.close()
      }
    })

    test('what was taken is there after the index was opened again', async () => {
      const exchange = indexedExchange()
      await store.add(indexBatch(0, { exchanges: [exchange] }))
      await store.close()
      store = place.open()
      expect(await store.find(exchange.exchange)).toEqual(withoutSubjects(exchange))
      expect(await store.position('node1/main')).toMatchObject({ next: 1 })
    })

    test('an exchange comes back as it was given, and what it lacks is absent', async () => {
      const full = indexedExchange()
      const bare: NewExchange = {
        ...{
          exchange: newExchangeId(),
          log: 'node1/main',
          record: 1,
          place: '000000000000:9',
          at: suiteTime,
          forwarded: false,
          end: 'refused',
        },
        subjects: [],
      }
      await store.add(indexBatch(0, { exchanges: [full, bare] }))
      expect(await store.find(full.exchange)).toEqual(withoutSubjects(full))
      expect(await store.find(bare.exchange)).toEqual(withoutSubjects(bare))
      expect(await store.find(newExchangeId())).toBeUndefined()
    })

    test('what is told of an end comes back whole, with whatever text a record had', async () => {
      const told = {
        verdict: 'ACCESS_TOKEN_INVALID',
        found: `a\tb\nc\\N "d" \u0000 \ud83d\ude00 '; --`,
        phases: { admission: 0.001, total: 12_345.678 },
        certificate: 'ab'.repeat(32),
      }
      const [refused, late] = [indexedExchange({ told }), openExchange()]
      await store.add(indexBatch(0, { exchanges: [refused, late] }))
      await store.add(indexBatch(2, { outcomes: [lateOutcome(late.exchange, { began: late.at, told })] }))
      for (const { exchange } of [refused, late]) expect((await store.search({ exchange }, 1))[0]?.told).toEqual(told)
    })

    test('text that would steer SQL, COPY or a terminal is kept as it is', async () => {
      const rule = `'; DROP TABLE exchanges; -- \\N\t\\.\n"?$1`
      const odd = indexedExchange({ rule, traceId: 'a\tb\\n\u202e' })
      await store.add(indexBatch(0, { exchanges: [odd] }))
      expect(await store.search({ rule }, 10)).toEqual([withoutSubjects(odd)])
      expect(await foundBy({ rule: "' OR 1=1 --" })).toEqual([])
    })

    test('a search for whatever text is one that finds nothing, and none that fails', async () => {
      for (const text of ['\0', 'a\0b', '\ud800', '%', "'", '\\', '\u202e'])
        for (const search of [
          { traceId: text },
          { asid: text },
          { organisation: text },
          { interaction: text },
          { rule: text },
          { exchange: text },
        ])
          expect(await store.search(search, 10)).toEqual([])
      expect(await store.events({ act: '\0', actor: 'x\0' }, 10)).toEqual([])
    })

    test('an outcome that comes later completes its exchange, whether it is known when that began or not', async () => {
      const [known, unknown] = [openExchange(), openExchange()]
      await store.add(indexBatch(0, { exchanges: [known, unknown] }))
      expect(await store.find(known.exchange)).toMatchObject({ end: 'open' })
      const outcomes = [
        lateOutcome(known.exchange, { began: known.at, status: 502, origin: 'provider-network', totalMs: 5000 }),
        lateOutcome(unknown.exchange, { status: 504, origin: 'provider', totalMs: 60_000, subjects: ['late subject'] }),
      ]
      await store.add(indexBatch(2, { outcomes }))
      const { began: _began, subjects: _subjects, ...ending } = outcomes[0]!
      expect(await store.find(known.exchange)).toEqual({ ...withoutSubjects(known), ...ending })
      expect(await foundBy({ status: 504 })).toEqual([unknown.exchange])
      expect(await foundBy({ slowerThanMs: 4000 })).toHaveLength(2)
      expect(await foundBy({ subjects: ['late subject'] })).toEqual([unknown.exchange])
    })

    test('an outcome without its forwarding record is an exchange of its own', async () => {
      const outcome = lateOutcome(newExchangeId(), { end: 'interrupted', origin: 'proxy', rule: 'interrupted' })
      await store.add(indexBatch(0, { outcomes: [outcome] }))
      expect(await store.find(outcome.exchange)).toMatchObject({ at: outcome.ended, end: 'interrupted', record: 7, forwarded: true })
      expect(await foundBy({ rule: 'interrupted' })).toEqual([outcome.exchange])
    })

    test('an outcome of another log changes nothing', async () => {
      const one = openExchange()
      await store.add(indexBatch(0, { exchanges: [one] }))
      await store.add(indexBatch(0, { outcomes: [lateOutcome(one.exchange, { began: one.at, status: 500 })] }, 'node2/main'))
      expect((await store.search({ exchange: one.exchange }, 10)).find(({ log }) => log === 'node1/main')).toMatchObject({ end: 'open' })
    })

    test('each condition finds what it names, and nothing else', async () => {
      const usual = indexedExchange()
      const different: readonly (readonly [ExchangeSearch, Partial<NewExchange>])[] = [
        [{ traceId: 'AAAAAAAA-0000-4000-8000-000000000000' }, { traceId: 'aaaaaaaa-0000-4000-8000-000000000000' }],
        [{ asid: '300000000001' }, { from: '300000000001' }],
        [{ asid: '300000000002' }, { to: '300000000002' }],
        [{ asid: '300000000003' }, { from: '300000000003', to: '300000000003' }],
        [{ organisation: 'A11111' }, { fromOrganisation: 'A11111' }],
        [{ organisation: 'A22222' }, { toOrganisation: 'A22222' }],
        [{ interaction: 'urn:x' }, { interaction: 'urn:x' }],
        [{ rule: 'throttle' }, { rule: 'throttle' }],
        [{ origin: 'provider-tls' }, { origin: 'provider-tls' }],
        [{ status: 599 }, { status: 599 }],
        [{ slowerThanMs: 100 }, { totalMs: 100.5 }],
        [{ subjects: ['s1', 's2'] }, { subjects: ['s2', 's3'] }],
        [{ since: suiteTime + 1000 }, { at: suiteTime + 1000 }],
        [{ until: suiteTime }, { at: suiteTime - 1 }],
      ]
      const rows = different.map(([, change], at) => indexedExchange({ record: at, ...change }))
      await store.add(indexBatch(0, { exchanges: [usual, ...rows] }))
      for (const [at, [search]] of different.entries()) expect([search, await foundBy(search)]).toEqual([search, [rows[at]!.exchange]])
      expect(await foundBy({ exchange: usual.exchange })).toEqual([usual.exchange])
      expect(await foundBy({ subjects: [] })).toEqual([])
    })

    test('any two conditions together find what fulfils both', async () => {
      const conditions: readonly (readonly [ExchangeSearch, Partial<NewExchange>, Partial<NewExchange>])[] = [
        [{ traceId: 't-1' }, { traceId: 't-1' }, { traceId: 't-2' }],
        [{ asid: '300000000001' }, { to: '300000000001' }, {}],
        [{ organisation: 'A11111' }, { fromOrganisation: 'A11111' }, {}],
        [{ interaction: 'urn:x' }, { interaction: 'urn:x' }, {}],
        [{ rule: 'throttle' }, { rule: 'throttle' }, {}],
        [{ origin: 'consumer' }, { origin: 'consumer' }, {}],
        [{ status: 429 }, { status: 429 }, {}],
        [{ slowerThanMs: 3000 }, { totalMs: 3001 }, { totalMs: 2999 }],
        [{ subjects: ['s1'] }, { subjects: ['s1'] }, {}],
        [{ since: suiteTime + 500 }, { at: suiteTime + 500 }, {}],
      ]
      const exchanges: NewExchange[] = []
      const wanted: (readonly [ExchangeSearch, string])[] = []
      for (const [first, both, neither] of conditions)
        for (const [second, also, nor] of conditions) {
          if (first === second) continue
          const mark = { endpoint: `${wanted.length}` }
          const hit = indexedExchange({ ...both, ...also, ...mark })
          exchanges.push(hit, indexedExchange({ ...both, ...nor, ...mark }), indexedExchange({ ...neither, ...also, ...mark }))
          wanted.push([{ ...first, ...second }, hit.exchange])
        }
      await store.add(indexBatch(0, { exchanges }))
      for (const [search, exchange] of wanted) {
        const fulfils = exchanges.filter((one) => matches(one, search)).map((one) => one.exchange)
        expect(fulfils).toContain(exchange)
        expect((await foundBy(search, 1000)).toSorted()).toEqual(fulfils.toSorted())
      }
    })

    test('pages follow each other, newest first, without gap or repetition, also of exchanges of one moment', async () => {
      const exchanges = Array.from({ length: 95 }, (_, n) =>
        indexedExchange({ record: n, at: suiteTime + Math.floor(n / 10), status: n % 2 === 0 ? 200 : 404 }),
      )
      await store.add(indexBatch(0, { exchanges }))
      for (const search of [{}, { asid: '200000000359' }, { status: 404 }, { slowerThanMs: 10 }, { status: 200, organisation: 'T99999' }]) {
        const expected = exchanges
          .filter((one) => search.status === undefined || one.status === search.status)
          .toSorted((a, b) => b.at - a.at || (a.exchange < b.exchange ? 1 : -1))
        const found: IndexedExchange[] = []
        for (let after: Cursor | undefined, page: readonly IndexedExchange[] = []; ; ) {
          page = await store.search(search, 7, after)
          found.push(...page)
          const last = page.at(-1)
          if (page.length < 7 || last === undefined) break
          after = { at: last.at, key: last.exchange }
        }
        expect(ids(found)).toEqual(ids(expected))
      }
    })

    test('operations and floods are found by type, actor, act and time, page by page', async () => {
      const operation = (record: number, act: string, actor: string, at = suiteTime) =>
        ({ log: 'node1/main', record, type: 'operation', at, actor, act, detail: { n: record } }) as const
      const flood = { log: 'node1/main', record: 3, type: 'flood', at: suiteTime, detail: [{ rule: 'wire-form', count: 7 }] } as const
      const events = [
        operation(0, 'start', 'process'),
        operation(1, 'reload', 'socket:0'),
        operation(2, 'reload', 'process', suiteTime + 5),
        flood,
      ]
      await store.add(indexBatch(0, { events }))
      expect(await store.events({ act: 'reload' }, 10)).toEqual([events[2], events[1]])
      expect(await store.events({ actor: 'process', until: suiteTime + 5 }, 10)).toEqual([events[0]])
      expect(await store.events({ type: 'flood' }, 10)).toEqual([flood])
      const [first] = await store.events({}, 1)
      expect(first).toEqual(events[2])
      const rest = await store.events({}, 10, { at: first!.at, key: eventKey(first!) })
      expect(rest.map(({ record }) => record)).toEqual([3, 1, 0])
    })

    test('a log is forgotten whole, and no other with it', async () => {
      const [one, other] = [indexedExchange({ subjects: ['s1'] }), indexedExchange({ log: 'node2/main' })]
      await store.add(
        indexBatch(0, { exchanges: [one], events: [{ log: 'node1/main', record: 1, type: 'flood', at: suiteTime, detail: [] }] }),
      )
      await store.add(indexBatch(0, { exchanges: [other] }, 'node2/main'))
      await store.forget('node1/main')
      expect(await store.position('node1/main')).toBeUndefined()
      expect(await foundBy({})).toEqual([other.exchange])
      expect(await foundBy({ subjects: ['s1'] })).toEqual([])
      expect(await store.events({}, 10)).toEqual([])
      expect(await store.add(indexBatch(0, { exchanges: [one] }))).toBe(true)
    })

    test('what is older than the period is purged, whole months and the part of one, and the log goes on from its position', async () => {
      const day = 86_400_000
      const exchanges = [-400, -90, -60, -31, -2, 0].map((days, record) =>
        indexedExchange({ record, at: suiteTime + days * day, subjects: [`day ${days}`] }),
      )
      const events = [-90, 0].map((days, n) => ({
        log: 'node1/main',
        record: 6 + n,
        type: 'flood' as const,
        at: suiteTime + days * day,
        detail: [],
      }))
      await store.add(indexBatch(0, { exchanges, events }))
      await store.purge(suiteTime - 3 * day)
      expect(await foundBy({})).toEqual([exchanges[5]!.exchange, exchanges[4]!.exchange])
      expect(await foundBy({ subjects: ['day -60'] })).toEqual([])
      expect(await foundBy({ subjects: ['day -2'] })).toEqual([exchanges[4]!.exchange])
      expect(await store.events({}, 10)).toEqual([events[1]])
      const later = indexedExchange({ at: suiteTime - 60 * day })
      expect(await store.add(indexBatch(8, { exchanges: [later] }))).toBe(true)
      expect(await store.find(later.exchange)).toBeDefined()
    })

    test('times of a clock that was far off are kept and found', async () => {
      const [past, future] = [indexedExchange({ at: 0 }), indexedExchange({ at: 4_102_444_800_000 })]
      expect(await store.add(indexBatch(0, { exchanges: [past, future] }))).toBe(true)
      expect(await foundBy({})).toEqual([future.exchange, past.exchange])
    })
  })
}

/** The search in plain words, to hold the backends against. */
function matches(one: NewExchange, search: ExchangeSearch): boolean {
  const { traceId, asid, organisation, interaction, rule, origin, status, slowerThanMs, subjects, since } = search
  const is = <T>(wanted: T | undefined, ...had: readonly (T | undefined)[]) => wanted === undefined || had.includes(wanted)
  return (
    is(traceId, one.traceId) &&
    is(asid, one.from, one.to) &&
    is(organisation, one.fromOrganisation, one.toOrganisation) &&
    is(interaction, one.interaction) &&
    is(rule, one.rule) &&
    is(origin, one.origin) &&
    is(status, one.status) &&
    (slowerThanMs === undefined || (one.totalMs ?? 0) > slowerThanMs) &&
    (subjects === undefined || subjects.some((subject) => one.subjects.includes(subject))) &&
    (since === undefined || one.at >= since)
  )
}
