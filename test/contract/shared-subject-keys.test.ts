import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { exchangeQuery } from '../../src/audit/index/exchange-query.ts'
import { indexSettings } from '../../src/audit/index/index-settings.ts'
import type { IndexStore } from '../../src/audit/index/index-store.ts'
import { createIndexWork, type IndexWork } from '../../src/audit/index/index-work.ts'
import { createLookups, type Lookups } from '../../src/audit/index/lookups.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import { type SubjectSecrets, subjectKeySeal } from '../../src/audit/index/sealed-subject-key.ts'
import { openPeriodKeys, subjectHashUnder } from '../../src/audit/period-keys.ts'
import { sampleForwarding } from '../support/audit-entries.ts'
import { type HeldTrail, openHeldTrail, until } from '../support/audit-trail-held.ts'
import { closedAfterEach } from '../support/closed-after-each.ts'
import { indexBatch, indexedExchange, newExchangeId } from '../support/index-rows.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'

const number = '9690937278'
const hour = 3_600_000
const september = Date.UTC(2026, 8, 21)
const newSecret = () => randomBytes(32).toString('base64')
const secret = newSecret()

/** A machine of the installation: a data directory, its log, its index and what looks into it, with time held by the test. */
interface Machine {
  readonly held: HeldTrail
  readonly store: IndexStore
  readonly work: IndexWork
  readonly lookups: Lookups
  readonly looks: readonly object[]
  readonly directory: string
  /** Records a call that names the number. */
  record(at?: number): Promise<string>
  close(): Promise<void>
}

whereInstalled('initdb', (initdb) => {
  let server: PostgresServer
  let schema: string
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgresServer(initdb)
  })
  afterAll(() => server.close())
  const closing = closedAfterEach()
  beforeEach(() => {
    schema = `keys_${++schemas}`
  })

  async function sql(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, string>[]> {
    const client = new Client({ ...server.settings, options: `-c search_path=${schema}` })
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows
    } finally {
      await client.end()
    }
  }

  async function machine(node: string, secrets: SubjectSecrets = { subjectSecret: secret }, directory = newDirectory()): Promise<Machine> {
    const held = await openHeldTrail(directory, { node, retentionMonths: 24 })
    const { trail, time } = held
    const clock = { now: () => time.now, elapsed: () => time.elapsed }
    const settings = indexSettings.parse({ kind: 'postgres', postgres: { ...server.settings, schema, ...secrets } })
    const store = openIndexStore(settings, { dataDirectory: directory, now: clock.now })
    const work = createIndexWork({
      ...{ store, dataDirectory: directory, node, retentionMonths: 24, clock },
      secrets: settings.postgres,
    })
    const looks: object[] = []
    const record = async (...[, , detail]: readonly [string, string, object]) => void looks.push(detail)
    let closed = false
    const made: Machine = {
      ...{ held, store, work, looks, directory },
      lookups: createLookups({ index: work, keys: openPeriodKeys(directory), now: clock.now, record }),
      async record(at = time.now) {
        const exchange = newExchangeId()
        await trail.forwarding(sampleForwarding(exchange, { at, personal: { subjects: [number] } }))
        return exchange
      },
      async close() {
        if (closed) return
        closed = true
        await work.close()
        await trail.close()
      },
    }
    closing.push(made.close)
    return made
  }

  function newDirectory(): string {
    const made = mkdtempSync(join(tmpdir(), 'ssp-keys-'))
    closing.push(async () => rmSync(made, { recursive: true }))
    return made
  }

  test('a secret that is not 32 bytes in base64 is refused, without being quoted', () => {
    for (const subjectSecret of ['short', randomBytes(24).toString('base64'), randomBytes(32).toString('hex')]) {
      const { error } = indexSettings.safeParse({ kind: 'postgres', postgres: { subjectSecret } })
      expect(error?.message).toContain('must be 32 bytes in base64')
      expect(error?.message).not.toContain(subjectSecret)
    }
  })

  const search = (at: Machine) => at.lookups.search('tester', exchangeQuery.parse({ nhsNumber: number, limit: 5000 }))
  const found = async (at: Machine) => (await search(at)).exchanges.map(({ exchange }) => exchange).toSorted()
  const published = () => sql('SELECT publisher, node, period, sealed FROM subject_keys ORDER BY node, period')
  const monthsOf = (one: Machine) => openPeriodKeys(one.directory).periods

  test('a number that one machine recorded is found at another, and the answer names whose records were searched', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const calls = [await a.record(), await b.record(), await a.record(Date.UTC(2026, 7, 1))].toSorted()
    for (const one of [a, b]) await one.work.caughtUp()
    for (const one of [a, b]) expect(await found(one)).toEqual(calls)
    const { cover, note } = await search(b)
    expect(cover).toEqual({ machines: ['a', 'b'], missing: [] })
    expect(note).toMatch(/ periods whose key is destroyed\. Searched: what was recorded by a, b\.$/)
  })

  test('a month that begins while one runs is published with its first record, without waiting', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    await a.record()
    await a.work.step()
    a.held.time.now = Date.UTC(2026, 9, 1)
    const october = await a.record()
    await a.work.step()
    expect(await found(b)).toContain(october)
    expect((await published()).map(({ period }) => period)).toEqual(['2026-09', '2026-10'])
  })

  test('without the secret here only this machine’s are found, and the answer names the others with their months', async () => {
    const [a, b] = [await machine('a'), await machine('b', {})]
    for (const at of [september, Date.UTC(2026, 5, 1), Date.UTC(2026, 6, 1), Date.UTC(2026, 7, 1)]) await a.record(at)
    const own = await b.record()
    for (const one of [a, b]) await one.work.caughtUp()
    expect(await found(b)).toEqual([own])
    const { cover, note } = await search(b)
    const periods = ['2026-06', '2026-07', '2026-08', '2026-09']
    expect(cover).toEqual({ machines: ['b'], missing: [{ node: 'a', periods, reason: 'no secret here' }] })
    expect(note).toContain(
      'Searched: what was recorded by b. Not searched: what was recorded by a (4 months from 2026-06 to 2026-09): this machine has no index.postgres.subjectSecret',
    )
  })

  test('a machine without the secret publishes no key, and the others’ answers name it', async () => {
    const [a, b] = [await machine('a', {}), await machine('b')]
    await a.record()
    for (const one of [a, b]) await one.work.caughtUp()
    expect(await found(b)).toEqual([])
    expect(await published()).toMatchObject([{ node: 'a', sealed: null }])
    const { note } = await search(b)
    expect(note).toContain('Not searched: what was recorded by a (2026-09): no key for it was published')
  })

  test('a machine that gets the secret later publishes all months that it still has, and one that runs once without it takes nothing back', async () => {
    const [a, b] = [await machine('a', {}), await machine('b')]
    const calls = [await a.record(Date.UTC(2026, 1, 1)), await a.record()].toSorted()
    await a.work.caughtUp()
    expect(await found(b)).toEqual([])
    await a.close()
    const later = await machine('a', { subjectSecret: secret }, a.directory)
    await later.work.caughtUp()
    expect(await found(b)).toEqual(calls)
    await later.close()
    const without = await machine('a', {}, a.directory)
    await without.work.caughtUp()
    expect(await found(b)).toEqual(calls)
  })

  test('O12: the database holds keys sealed for their places alone: under another secret, or in another’s place, none opens and the answer says so', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    await a.record()
    await a.record(Date.UTC(2026, 7, 1))
    await a.work.caughtUp()
    const rows = await published()
    const keys = openPeriodKeys(a.directory)
    for (const { sealed, period } of rows) {
      const key = keys.subjectKey(period!)!
      expect(key).toHaveLength(32)
      expect(Buffer.from(sealed!, 'base64url').includes(key)).toBe(false)
      for (const coding of ['hex', 'base64', 'base64url'] as const) expect(sealed).not.toContain(key.toString(coding))
    }
    const stranger = await machine('c', { subjectSecret: newSecret() })
    expect(await found(stranger)).toEqual([])
    expect((await search(stranger)).note).toContain('the keys for it are sealed under another secret')
    const [first, second] = rows
    await sql('UPDATE subject_keys SET sealed = $1 WHERE period = $2', [first!['sealed'], second!['period']])
    await sql('UPDATE subject_keys SET sealed = $1 WHERE period = $2', [second!['sealed'], first!['period']])
    expect(await found(b)).toEqual([])
    // The machine whose keys they are puts them right within the hour.
    a.held.time.elapsed += hour
    await a.work.step()
    expect(await found(b)).toHaveLength(2)
    await sql("UPDATE subject_keys SET node = 'x'")
    expect((await search(b)).cover).toMatchObject({ machines: ['b'], missing: [{ node: 'x', periods: ['2026-08', '2026-09'] }] })
  })

  test('what the key of hashes says of a month is nothing of what is sealed in it', async () => {
    const a = await machine('a')
    const exchange = newExchangeId()
    await a.held.trail.forwarding(sampleForwarding(exchange, { personal: { url: '/secret', subjects: [number] } }))
    await a.work.caughtUp()
    const { records } = (await a.work.find(exchange))!
    const stored = (records[0]!.entry as { readonly personal: { readonly subjects: readonly string[] } }).personal
    const [row] = await published()
    const key = subjectKeySeal({ subjectSecret: secret }).open(row as never)!
    expect(stored.subjects).toEqual([subjectHashUnder(key, number)])
    // In the place of the month's key it opens nothing.
    const other = newDirectory()
    const keys = openPeriodKeys(other)
    keys.seal('{}', [], september, 'a/main', 1)
    writeFileSync(join(other, 'keys', '2026-09.key'), key)
    expect(keys.open(stored, 'a/main', records[0]!.index)).toBeUndefined()
  })

  test('a key that is destroyed, by retention or by hand, is taken out, and nothing is found by it at any machine', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const old = await a.record()
    const later = await a.record(Date.UTC(2026, 9, 15))
    const third = await a.record(Date.UTC(2026, 10, 15))
    await a.work.caughtUp()
    expect(await found(b)).toEqual([old, later, third].toSorted())
    rmSync(join(a.directory, 'keys', '2026-11.key'))
    await a.work.caughtUp()
    expect(await found(b)).toEqual([old, later].toSorted())
    a.held.time.now = Date.UTC(2028, 9, 1)
    for (let passed = 0; passed < 26; passed += 1) {
      a.held.time.now += hour
      a.held.time.elapsed += hour
      a.held.second()
      await new Promise(setImmediate)
    }
    await until(() => monthsOf(a)[0] === '2026-10')
    await a.work.caughtUp()
    expect((await published()).map(({ period }) => period)).toEqual(['2026-10'])
    expect(await found(b)).toEqual([later])
  })

  test('a key of a machine that is gone is used until its month is beyond retention, then never, and any machine takes it out', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const call = await a.record()
    await a.work.caughtUp()
    await a.close()
    rmSync(join(a.directory, 'keys'), { recursive: true })
    b.held.time.now = Date.UTC(2028, 8, 30)
    await b.work.step()
    expect(await found(b)).toEqual([call])
    b.held.time.now = Date.UTC(2028, 9, 1)
    // Still there, and its rows too: nobody has purged since.
    expect(await published()).toContainEqual(expect.objectContaining({ node: 'a', period: '2026-09' }))
    expect(await b.work.search({ exchange: call }, 1)).toMatchObject({ rows: [{ exchange: call }] })
    const own = openPeriodKeys(b.directory).subjectHash('2028-09', number)
    expect(await b.work.hashesOf(number)).toEqual({ hashes: [own], cover: { machines: ['b'], missing: [] } })
    expect(await found(b)).toEqual([])
    b.held.time.elapsed += hour
    await b.work.step()
    expect((await published()).filter((one) => one['node'] === 'a')).toEqual([])
  })

  test('a database that is out when a month begins holds no record up, each number is hashed, and once it is back all are found', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const before = await a.record()
    await a.work.caughtUp()
    await server.kill()
    let out = true
    try {
      for (const one of [a, b]) one.held.time.now = Date.UTC(2026, 9, 1)
      const during = [await a.record(), await b.record()]
      expect(monthsOf(a)).toEqual(['2026-09', '2026-10'])
      await expect(a.work.caughtUp()).rejects.toThrow('the index cannot be asked')
      expect(a.work.progress.problem).toBeDefined()
      await expect(search(b)).rejects.toThrow('the index cannot be asked')
      await server.start()
      out = false
      for (const one of [a, b]) await one.work.caughtUp()
      expect(a.work.progress.problem).toBeUndefined()
      for (const one of [a, b]) expect(await found(one)).toEqual([before, ...during].toSorted())
    } finally {
      if (out) await server.start()
    }
  })

  test('a change of the secret loses nobody’s keys, not those of a machine that is gone, and the old secret opens none afterwards', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const calls = [await a.record(), await b.record()].toSorted()
    for (const one of [a, b]) {
      await one.work.caughtUp()
      await one.close()
    }
    const next = newSecret()
    const changing = await machine('b', { subjectSecret: next, formerSubjectSecret: secret }, b.directory)
    expect(await found(changing)).toEqual(calls)
    await changing.work.caughtUp()
    await changing.close()
    const changed = await machine('b', { subjectSecret: next }, b.directory)
    await changed.work.caughtUp()
    expect(await found(changed)).toEqual(calls)
    const seal = subjectKeySeal({ subjectSecret: secret })
    expect((await published()).map((row) => seal.open(row as never))).toEqual([undefined, undefined])
  })

  test('a machine made anew under its old name leaves the keys of the lost one, for those of its logs that it has not', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    await a.record()
    await a.work.caughtUp()
    const lost = indexedExchange({ log: 'a/w7', subjects: [openPeriodKeys(a.directory).subjectHash('2026-09', number)!] })
    await a.store.add(indexBatch(0, { exchanges: [lost] }, 'a/w7'))
    await a.close()
    await sql('UPDATE log_owners SET seen = 0')
    const anew = await machine('a')
    const again = await anew.record()
    await anew.work.caughtUp()
    expect(await found(b)).toEqual([lost.exchange, again].toSorted())
    expect(await published()).toMatchObject([
      { node: 'a', period: '2026-09' },
      { node: 'a', period: '2026-09' },
    ])
  })

  test('the keys of 300 machines in two years make one search, and beyond what one search takes the answer says so', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    const call = await a.record()
    await a.work.caughtUp()
    const seal = subjectKeySeal({ subjectSecret: secret })
    const places = Array.from({ length: 7200 }, (_, n) => ({
      publisher: (n % 300).toString(16).padStart(32, '0'),
      node: `m${n % 300}`,
      period: new Date(Date.UTC(2024, 9 + Math.floor(n / 300), 1)).toISOString().slice(0, 7),
    }))
    await b.store.published!.put(places.map((place) => ({ ...place, sealed: seal.seal(place, randomBytes(32))! })))
    expect((await b.work.hashesOf(number)).hashes).toHaveLength(7201)
    const answer = await search(b)
    expect(answer.exchanges.map(({ exchange }) => exchange)).toEqual([call])
    expect(answer.cover?.machines).toHaveLength(302)
    expect(answer.note).toMatch(/recorded by a, b, m0, .* and 282 more\.$/)
    await sql("INSERT INTO subject_keys SELECT 'x' || n, 'x', '2024-10', NULL FROM generate_series(1, 50000) n")
    const most = await search(b)
    expect(most.exchanges).toHaveLength(1)
    expect(most.note).toMatch(/More keys were published than one search takes: the oldest months are left out\.$/)
  })

  test('a look from a machine that has recorded nothing is on record by a hash, never by the number', async () => {
    const [a, b] = [await machine('a'), await machine('b')]
    await a.record()
    await a.work.caughtUp()
    expect(existsSync(join(b.directory, 'keys', '2026-09.key'))).toBe(false)
    expect(await found(b)).toHaveLength(1)
    expect(b.looks).toEqual([{ subject: openPeriodKeys(b.directory).subjectHash('2026-09', number), limit: 5000 }])
    expect(JSON.stringify(b.looks)).not.toContain(number)
  })

  test('keys that cannot be published are told as a problem of the index, and nothing comes in of which the others do not know', async () => {
    const a = await machine('a')
    await a.work.caughtUp()
    await a.record()
    await sql('ALTER TABLE subject_keys RENAME COLUMN sealed TO elsewhere')
    await expect(a.work.caughtUp()).rejects.toThrow('the index cannot be asked')
    expect(a.work.progress.problem).toContain('column "sealed" does not exist')
    expect((await a.work.search({}, 10)).rows).toEqual([])
    await sql('ALTER TABLE subject_keys RENAME COLUMN elsewhere TO sealed')
    await a.work.caughtUp()
    expect(a.work.progress.problem).toBeUndefined()
    expect((await a.work.search({}, 10)).rows).toHaveLength(1)
  })
})
