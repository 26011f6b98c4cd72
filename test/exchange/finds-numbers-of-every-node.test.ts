import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Client } from 'pg'
import type { ExchangesFound } from '../../src/audit/index/lookups.ts'
import { call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const number = '9690937278'

whereInstalled('initdb', (initdb) => {
  let server: PostgresServer
  let one: World
  let other: World
  let apart: World
  beforeAll(async () => {
    server = await startPostgresServer(initdb)
    const subjectSecret = randomBytes(32).toString('base64')
    const start = (node: string, secret: object) =>
      startWorld({ settings: { index: { kind: 'postgres', postgres: { ...server.settings, ...secret } }, audit: { node } } })
    one = await start('one', { subjectSecret })
    other = await start('other', { subjectSecret })
    apart = await start('apart', {})
  })
  afterAll(async () => {
    for (const here of [apart, other, one]) await here?.close()
    await server.close()
  })

  const who = (at: World, ...more: readonly string[]) =>
    runSsp(['audit', 'search', '--nhs-number', number, ...more], { SSP_CONFIG: join(at.directory, 'config.yaml') })
  const found = async (at: World): Promise<readonly string[]> => {
    const { exchanges } = JSON.parse((await who(at, '--json')).out) as ExchangesFound
    return exchanges.filter(({ end }) => end !== 'open').map(({ exchange }) => exchange)
  }
  const askFor = async (at: World): Promise<string> =>
    (await call(at, { url: `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${number}` })).exchange

  test('who looked at a patient is found at any machine for all that share the secret, and each answer names whose records it covers', async () => {
    const calls = [await askFor(one), await askFor(other)].toSorted()
    const alone = await askFor(apart)
    await until('what all of them recorded is found', async () => (await found(one)).length === 2 && (await found(apart)).length === 1)
    for (const at of [one, other]) expect((await found(at)).toSorted()).toEqual(calls)
    expect(await found(apart)).toEqual([alone])
    const told = await who(other)
    expect(told).toMatchObject({ code: 0, out: expect.stringContaining(calls[0]!) })
    expect(told.error).toContain('Searched: what was recorded by one, other. Not searched: what was recorded by apart (2')
    expect((await who(apart)).error).toContain('Searched: what was recorded by apart. Not searched: what was recorded by one (2')
    // What stands in the database steers no terminal.
    const client = new Client(server.settings)
    await client.connect()
    await client.query("INSERT INTO ssp_index.subject_keys SELECT 'x', E'\\x1b[2Jgone', period FROM ssp_index.subject_keys LIMIT 1")
    await client.end()
    expect((await who(one)).error).toContain('\ufffd[2Jgone (2')
    // The look is on record where it was made, by a hash.
    const looks = other.audit().filter((entry) => entry.type === 'operation' && entry.act === 'exchange-search')
    expect(looks.at(-1)).toMatchObject({ detail: { subject: expect.stringMatching(/^[\w-]{22}$/) } })
    expect(JSON.stringify(looks)).not.toContain(number)
  })
})
