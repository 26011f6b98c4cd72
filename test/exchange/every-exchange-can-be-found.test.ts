import { hash, randomUUID } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExchangeShown, ExchangesFound } from '../../src/audit/index/lookups.ts'
import { call, tokenFor } from '../support/consumer.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const asked = '9690937278'
const another = '9434765919'

let here: World
let closed = false
beforeAll(async () => {
  here = await startWorld()
})
afterAll(async () => {
  if (!closed) await here.close()
})

const ssp = (...args: readonly string[]) => runSsp(args, { SSP_CONFIG: join(here.directory, 'config.yaml') })
const found = async (...args: readonly string[]): Promise<ExchangesFound> =>
  JSON.parse((await ssp('audit', 'search', '--json', ...args)).out)
const ids = ({ exchanges }: ExchangesFound) => exchanges.map(({ exchange }) => exchange)

/** The index has what was recorded until now. */
async function indexed(exchange: string): Promise<void> {
  await until(
    'the exchange is indexed',
    async () => ids(await found('--exchange', exchange)).length === 1 && (await found('--exchange', exchange)).exchanges[0]?.end !== 'open',
  )
}

function askRecord(nhsNumber: string, body?: string) {
  const parameter = [{ name: 'patientNHSNumber', valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } }]
  return call(here, {
    method: 'POST',
    interaction: structured,
    url: `${world.root}/Patient/$gpc.getstructuredrecord`,
    body: body ?? JSON.stringify({ resourceType: 'Parameters', parameter }),
  })
}

test('an answered call is found by its ids, and its story is told', async () => {
  const trace = randomUUID()
  const { exchange } = await call(here, { headers: { 'Ssp-TraceID': trace } })
  await indexed(exchange)
  for (const id of [exchange, trace, trace.toUpperCase()]) {
    const { code, out, error } = await ssp('trace', id)
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(new RegExp(`^exchange  ${exchange}\\n`))
    expect(out).toContain(`from      ${world.consumer.asid} (${world.consumer.odsCode})`)
    expect(out).toContain(`to        ${world.provider.asid} (${world.provider.odsCode})`)
    expect(out).toContain('answered  200, the whole answer was passed on, the provider said 200')
    expect(out).toContain('nobody’s: it went well')
    expect(out).toMatch(/phases {4}admission .*ms.*, total .* ms/)
    // What names a person is told to those who ask for it.
    expect(out).not.toContain('9990000018')
  }
  expect((await ssp('trace', exchange, '--personal')).out).toContain('nhs-number|9990000018')
})

test('a refused call is found by rule, by its fault, and by the organisation that was established', async () => {
  const { exchange, body } = await call(here, { interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:nothing-1' })
  await indexed(exchange)
  expect(ids(await found('--rule', 'sender-interaction', '--organisation', world.consumer.odsCode))).toEqual([exchange])
  expect(ids(await found('--status', '403', '--asid', world.consumer.asid, '--since', '1h'))).toEqual([exchange])
  const { id } = JSON.parse(body.toString()) as { id: string }
  const { out } = await ssp('trace', id)
  expect(out).toMatch(new RegExp(`^exchange  ${exchange}\\n`))
  expect(out).toContain('refused: nothing was forwarded')
  expect(out).toContain('answered  403 SENDER_NOT_ACCREDITED, by the proxy itself\n')
  expect(out).toContain('verdict   SENDER_NOT_ACCREDITED\nexpected  The sending system is accredited to send the interaction.\nfound     ')
  expect(out).toContain('\nnext      registrar: Check Ssp-InteractionID;')
})

test('who looked at a patient is found by NHS number, from the query and from the body of a known interaction, and the answer says what is not', async () => {
  const inQuery = await call(here, { url: `${world.root}/Patient?identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C${asked}` })
  const inBody = await askRecord(asked)
  const other = await askRecord(another)
  for (const { status, exchange } of [inQuery, inBody, other]) {
    expect(status).toBe(200)
    await indexed(exchange)
  }
  const answer = await found('--nhs-number', asked)
  expect(ids(answer).toSorted()).toEqual([inQuery.exchange, inBody.exchange].toSorted())
  expect(answer.note).toContain('Not found: reads by a provider’s own patient id')
  expect(ids(await found('--nhs-number', '943 476 5919'))).toEqual([other.exchange])
  expect(await ssp('audit', 'search', '--nhs-number', '9690937279')).toMatchObject({
    code: 64,
    error: expect.stringContaining('is no NHS number'),
  })
})

test('a hostile body costs nobody his call', async () => {
  for (const body of ['{"a":'.repeat(20_000), '<'.repeat(100_000), `{"system":"${'\\u0068'.repeat(30_000)}`, '']) {
    const { status } = await askRecord(asked, body)
    expect(status).toBe(200)
  }
})

test('the index holds no NHS number, no URL with one and no claims, and the log of looks not the number either', async () => {
  await found('--nhs-number', asked)
  const claims = tokenFor(structured).split('.')[1]!.slice(0, 40)
  for (const file of globSync(join(here.directory, 'data', 'index', '**', '*'), { withFileTypes: true }).filter((one) => one.isFile())) {
    const text = readFileSync(join(file.parentPath, file.name), 'latin1')
    for (const personal of [asked, another, '9990000018', claims, 'requesting_practitioner'])
      expect([file.name, text.includes(personal)]).toEqual([file.name, false])
  }
  const looks = here.audit().filter((entry) => entry.type === 'operation' && entry.act === 'exchange-search')
  expect(looks.length).toBeGreaterThan(0)
  expect(JSON.stringify(looks)).not.toContain(asked)
})

test('O5: whoever has the log and the index, and tries every NHS number on a digest, finds nobody without the period’s key', async () => {
  const body = (nhsNumber: string) => JSON.stringify({ resourceType: 'Parameters', template: 'known to all', nhsNumber })
  const { exchange } = await askRecord(asked, body(asked))
  await indexed(exchange)
  const files = globSync(join(here.directory, 'data', '{audit,index}', '**', '*'), { withFileTypes: true }).filter((one) => one.isFile())
  const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
  // The record is among them.
  expect(texts.some((text) => text.includes(exchange))).toBe(true)
  for (const tried of [asked, another])
    for (const plain of [body(tried), tried])
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        const [digest, subject] = [hash('sha256', plain, encoding), hash('sha256', plain, 'buffer').subarray(0, 16).toString(encoding)]
        expect(texts.filter((text) => text.includes(digest) || text.includes(subject.replace(/=+$/, '')))).toEqual([])
      }
  // With the key the same trial tells whose body it was.
  const { out } = await ssp('trace', exchange, '--personal')
  expect([asked, another].filter((tried) => digestsIn(out).has(hash('sha256', body(tried), 'hex')))).toEqual([asked])
})

/** The SHA-256 digests that a story tells, in hex. */
function digestsIn(story: string): ReadonlySet<string> {
  const told = Array.from(story.matchAll(/(?:request|answer) ([A-Za-z0-9+/_=-]{43,64})/g), ([, digest = '']) => digest)
  return new Set(told.map((digest) => (/^[0-9a-f]{64}$/.test(digest) ? digest : Buffer.from(digest, 'base64').toString('hex'))))
}

test('every look is recorded with who looked, before it is answered', async () => {
  const before = here.audit().length
  await ssp('trace', '0'.repeat(32))
  await ssp('audit', 'events', '--act', 'exchange-look')
  const looks = here
    .audit()
    .slice(before)
    .filter((entry) => entry.type === 'operation')
  expect(looks).toMatchObject([
    { actor: expect.stringMatching(/^socket:\d+$/), act: 'exchange-look', detail: { exchange: '0'.repeat(32), personal: false } },
    { act: 'exchange-search', detail: { traceId: '0'.repeat(32) } },
    { act: 'event-search', detail: { act: 'exchange-look' } },
  ])
})

test('acts are found by how long ago they were, and where there are none it is said', async () => {
  expect(await ssp('audit', 'events', '--act', 'start', '--since', '2h')).toMatchObject({
    code: 0,
    error: '',
    out: expect.stringContaining('  process  start  '),
  })
  expect(await ssp('audit', 'events', '--act', 'none')).toEqual({ code: 1, error: 'nothing was found\n', out: '' })
})

test('an id that nobody used ends with 1, and a wrong option with a sentence', async () => {
  expect(await ssp('trace', randomUUID())).toMatchObject({ code: 1, out: '', error: expect.stringContaining('nothing is recorded') })
  expect(await ssp('audit', 'search', '--interaction', 'patient-1')).toMatchObject({ code: 64, error: expect.stringContaining('several') })
  expect(await ssp('audit', 'search', '--after', 'nonsense')).toMatchObject({ code: 64, error: expect.stringContaining('earlier page') })
})

test('the index is made anew beside the running proxy', async () => {
  const { exchange } = await call(here)
  await indexed(exchange)
  const { code, out } = await ssp('audit', 'reindex')
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+ records of 1 logs are indexed\n$/) })
  expect(ids(await found('--exchange', exchange))).toEqual([exchange])
})

test('without a proxy everything is found from the files, and the looks are recorded in a log of their own', async () => {
  const { exchange } = await call(here)
  await here.proxy.close()
  closed = true
  try {
    const { code, out } = await ssp('trace', exchange, '--json')
    expect(code).toBe(0)
    const { exchanges } = JSON.parse(out) as { exchanges: readonly ExchangeShown[] }
    expect(exchanges[0]?.records.map(({ entry }) => entry.type)).toEqual(['forwarding', 'outcome'])
    expect(exchanges[0]?.records[0]?.entry.personal).toBeUndefined()
    const { events } = JSON.parse((await ssp('audit', 'events', '--json', '--act', 'exchange-look', '--limit', '1')).out)
    expect(events).toMatchObject([{ log: 'test/cli', actor: expect.stringMatching(/^cli:\d+$/), detail: { exchange } }])
    expect((await ssp('audit', 'verify')).out).toMatch(/^test\/cli {2}ok.*\ntest\/main {2}ok/)
    expect((await ssp('audit', 'reindex')).out).toMatch(/records of 2 logs are indexed/)
    const csv = await ssp('audit', 'export', '--format', 'csv', '--exchange', exchange)
    expect(csv.out.split('\n')[1]).toMatch(
      new RegExp(`^\\d{4}-.*Z,${world.consumer.asid},${world.provider.asid},[0-9a-f-]{36},urn:nhs:.*,200,\\d+\\.\\d{3},\\d+,,GET$`),
    )
  } finally {
    await here.provider.close()
  }
})
