import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { auditSettings } from '../../src/audit/audit-settings.ts'
import { indexSettings } from '../../src/audit/index/index-settings.ts'
import { createIndexWork, type IndexWork } from '../../src/audit/index/index-work.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import { openAuditTrail } from '../../src/audit/trail.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { sampleForwarding, sampleOperation, sampleOutcome } from '../support/audit-entries.ts'
import { indexBatch, indexedExchange, newExchangeId } from '../support/index-rows.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import { until } from '../support/until.ts'
import { auditIndexContract, type IndexPlace, suiteTime } from './audit-index.ts'

whereInstalled('initdb', (initdb) => {
  let server: PostgresServer
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgresServer(initdb)
  })
  afterAll(() => server.close())

  async function sql(text: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client(server.settings)
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  async function makePlace(): Promise<IndexPlace & { readonly schema: string }> {
    const schema = `contract_${++schemas}`
    const settings = indexSettings.parse({ kind: 'postgres', postgres: { ...server.settings, schema } })
    return {
      schema,
      open: () => openIndexStore(settings, { dataDirectory: '/nowhere', now: () => suiteTime }),
      close: async () => void (await sql(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
    }
  }

  auditIndexContract('PostgreSQL', makePlace)

  const partitionsOf = async (schema: string) =>
    (
      await sql(
        `SELECT c.relname AS name FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE c.relnamespace = '${schema}'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
      )
    ).map(({ name }) => name)

  test('each month has its partitions, made ahead, and a purge drops those of past months', async () => {
    const place = await makePlace()
    const store = place.open()
    try {
      const month = 31 * 86_400_000
      await store.add(indexBatch(0, { exchanges: [indexedExchange(), indexedExchange({ at: suiteTime - 2 * month })] }))
      // The suite's time is in September 2026.
      const months = ['202607', '202609', '202610', 'other']
      expect(await partitionsOf(place.schema)).toEqual(
        ['events', 'exchanges', 'subjects'].flatMap((table) => months.map((name) => `${table}_${name}`)),
      )
      await store.purge(Date.UTC(2026, 8, 1))
      expect((await partitionsOf(place.schema)).filter((name) => String(name).endsWith('202607'))).toEqual([])
    } finally {
      await store.close()
      await place.close()
    }
  })

  test('a log that is fed while it is forgotten, for longer than a search may take, has each record once afterwards', async () => {
    const place = await makePlace()
    const settings = indexSettings.parse({ kind: 'postgres', postgres: { ...server.settings, schema: place.schema, queryTimeoutMs: 400 } })
    const store = openIndexStore(settings, { dataDirectory: '/nowhere', now: () => suiteTime })
    const holder = new Client(server.settings)
    try {
      const [one, two] = [indexedExchange(), indexedExchange()]
      await store.add(indexBatch(0, { exchanges: [one] }))
      await holder.connect()
      await holder.query(`BEGIN; SELECT 1 FROM ${place.schema}.exchanges FOR UPDATE`)
      const forgetting = store.forget('node1/main')
      forgetting.catch(() => {})
      await until('the rows that go are waited for', async () => (await sql('SELECT 1 FROM pg_locks WHERE NOT granted')).length > 0)
      const taken = await store.add(indexBatch(1, { exchanges: [two] })).catch(() => false)
      await pause(500)
      await holder.query('COMMIT')
      await forgetting
      expect(taken).toBe(false)
      expect(await store.position('node1/main')).toBeUndefined()
      expect(await store.add(indexBatch(0, { exchanges: [one, two] }))).toBe(true)
      expect((await store.search({}, 10)).map(({ exchange }) => exchange).toSorted()).toEqual([one.exchange, two.exchange].toSorted())
    } finally {
      await holder.end()
      await store.close()
      await place.close()
    }
  })

  test('an index of another version is refused with a sentence, not used', async () => {
    const place = await makePlace()
    const store = place.open()
    try {
      await store.position('node1/main')
      await sql(`UPDATE ${place.schema}.index_version SET version = 99`)
      const other = place.open()
      await expect(other.position('node1/main')).rejects.toThrow('holds an index of version 99, not 2')
      await other.close()
    } finally {
      await store.close()
      await place.close()
    }
  })

  test('a server that is killed loses nothing that was taken and keeps nothing of a batch that was not, and is used again once it is back', async () => {
    const place = await makePlace()
    const store = place.open()
    try {
      const exchanges = Array.from({ length: 500 }, (_, record) => indexedExchange({ record }))
      expect(await store.add(indexBatch(0, { exchanges }))).toBe(true)
      const second = store.add(
        indexBatch(500, { exchanges: exchanges.map((one) => ({ ...one, exchange: one.exchange.replace(/^./, 'f') })) }),
      )
      await Promise.all([second.catch(() => undefined), server.kill()])
      await expect(store.add(indexBatch(1000, { exchanges }))).rejects.toThrow()
      await expect(store.search({}, 10)).rejects.toThrow()
      await server.start()
      const { next } = (await store.position('node1/main'))!
      expect([500, 1000]).toContain(next)
      expect(await store.search({}, 5000)).toHaveLength(next)
      expect(await store.add(indexBatch(next, { exchanges: [indexedExchange()] }))).toBe(true)
    } finally {
      await store.close()
      await place.close()
    }
  })

  test('two machines of one name: the second is told and takes nothing out, until the first is no more or its place is taken by reindex', async () => {
    const place = await makePlace()
    const machines: { readonly directory: string; readonly work: IndexWork; record(): Promise<string>; close(): Promise<void> }[] = []
    const machine = async (copyOf?: string) => {
      const directory = mkdtempSync(join(tmpdir(), 'ssp-namesake-'))
      if (copyOf !== undefined) cpSync(copyOf, directory, { recursive: true })
      const trail = await openAuditTrail(auditSettings.parse({ node: 'n', reserveBytes: 0 }), directory, { clock: systemClock })
      const settings = indexSettings.parse({ kind: 'postgres', postgres: { ...server.settings, schema: place.schema } })
      const store = openIndexStore(settings, { dataDirectory: directory, now: () => suiteTime })
      const work = createIndexWork({ store, dataDirectory: directory, node: 'n', retentionMonths: 1200, clock: systemClock })
      const made = {
        ...{ directory, work },
        async record() {
          const exchange = newExchangeId()
          await trail.forwarding(sampleForwarding(exchange, { at: suiteTime }))
          return exchange
        },
        async close() {
          await work.close()
          await trail.close()
          rmSync(directory, { recursive: true })
        },
      }
      machines.push(made)
      return made
    }
    const indexed = async () => (await sql(`SELECT exchange FROM ${place.schema}.exchanges`)).map(({ exchange }) => exchange)
    try {
      const [first, second] = [await machine(), await machine()]
      const one = await first.record()
      await first.work.caughtUp()
      const two = await second.record()
      await expect(second.work.caughtUp()).rejects.toThrow(/n\/main in this index is another data directory’s: .*audit\.node/)
      expect(second.work.progress.problem).toMatch(/audit\.node/)
      expect(await indexed()).toEqual([one])
      const copy = await machine(first.directory)
      await expect(copy.work.caughtUp()).rejects.toThrow(/another data directory’s/)
      await second.work.rebuild()
      await second.work.caughtUp()
      await first.record()
      await expect(first.work.caughtUp()).rejects.toThrow(/audit\.node/)
      expect(await indexed()).toEqual([two])
      await sql(`UPDATE ${place.schema}.log_owners SET seen = seen - 120001`)
      await first.work.caughtUp()
      expect(await indexed()).toEqual([one, expect.any(String)])
      await second.record()
      await expect(second.work.caughtUp()).rejects.toThrow(/audit\.node/)
    } finally {
      for (const { close } of machines) await close()
      await place.close()
    }
  })

  test('the feeder goes on where it was after an outage in its midst: each record is there once, and nothing was kept in memory meanwhile', async () => {
    const place = await makePlace()
    const data = mkdtempSync(join(tmpdir(), 'ssp-outage-'))
    const trail = await openAuditTrail(auditSettings.parse({ node: 'n', reserveBytes: 0 }), data, { clock: systemClock })
    const options = { dataDirectory: data, node: 'n', retentionMonths: 1200, clock: systemClock }
    const work = createIndexWork({ ...options, store: place.open() })
    try {
      const recorded: string[] = []
      const record = async (count: number): Promise<void> => {
        const ids = Array.from({ length: count }, newExchangeId)
        await Promise.all(ids.map((exchange) => trail.forwarding(sampleForwarding(exchange, { at: suiteTime }))))
        for (const exchange of ids) trail.outcome(sampleOutcome(exchange))
        await trail.operation(sampleOperation('mark', { count }))
        recorded.push(...ids)
      }
      await record(3000)
      const feeding = work.caughtUp()
      await Promise.all([feeding.catch(() => undefined), server.kill()])
      await record(3000)
      await expect(work.caughtUp()).rejects.toThrow('the index cannot be asked')
      expect(work.progress.problem).toBeDefined()
      await server.start()
      await work.caughtUp()
      expect(work.progress.problem).toBeUndefined()
      const rows = await sql(`SELECT exchange, count(*) AS n, min(end_state) AS state FROM ${place.schema}.exchanges GROUP BY exchange`)
      expect(new Set(rows.map(({ exchange }) => exchange))).toEqual(new Set(recorded))
      expect(rows.filter(({ n, state }) => Number(n) !== 1 || state !== 'complete')).toEqual([])
      expect((await work.events({ act: 'mark' }, 10)).rows).toHaveLength(2)
    } finally {
      await work.close()
      await trail.close()
      await place.close()
      rmSync(data, { recursive: true })
    }
  })
})
