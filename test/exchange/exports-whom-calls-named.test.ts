import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditEvent } from '@medplum/fhirtypes'
import { call } from '../support/consumer.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const nhsNumber = 'https://fhir.nhs.uk/Id/nhs-number'
const patient = '9690937278'
const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.'

let here: World
let inQuery: string
let inBody: string
let closed = false
beforeAll(async () => {
  here = await startWorld()
  inQuery = (await call(here, { url: `${world.root}/Patient?identifier=${encodeURIComponent(`${nhsNumber}|${patient}`)}` })).exchange
  const parameter = [{ name: 'patientNHSNumber', valueIdentifier: { system: nhsNumber, value: patient } }]
  const body = JSON.stringify({ resourceType: 'Parameters', parameter })
  const url = `${world.root}/Patient/$gpc.getstructuredrecord`
  inBody = (await call(here, { method: 'POST', interaction: structured, url, body })).exchange
  for (const exchange of [inQuery, inBody])
    await until('the call is indexed with its end', async () =>
      (await exported('ndjson', '--exchange', exchange)).out.includes('"complete"'),
    )
})
afterAll(async () => {
  if (!closed) await here.proxy.close()
  await here.provider.close()
})

const exported = (format: string, ...options: readonly string[]) =>
  runSsp(['audit', 'export', '--format', format, ...options], { SSP_CONFIG: join(here.directory, 'config.yaml') })

async function events(...options: readonly string[]): Promise<readonly AuditEvent[]> {
  const { out } = await exported('fhir', ...options)
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEvent)
}

/** The event's profile behind BALP's own name, and the patient that it names. */
const told = ({ meta, entity = [] }: AuditEvent) => [
  meta?.profile?.[0]?.replace(balp, ''),
  entity.find(({ role }) => role?.code === '1')?.what?.identifier?.value,
]

test('nobody is named where it was not asked for', async () => {
  const { out, error } = await exported('fhir', '--nhs-number', patient)
  expect(out).not.toMatch(/9690937278|claims|identifier=/)
  expect(error).not.toContain('cannot be read')
  const [event] = await events('--exchange', inQuery)
  expect(told(event!)).toEqual(['Query', undefined])
  expect(event!.agent).toHaveLength(2)
})

test('with --personal the query’s patient is named, after BALP’s profile for patients, with the query as it was asked', async () => {
  const [event, ...others] = await events('--exchange', inQuery, '--personal')
  expect(others).toEqual([])
  expect(told(event!)).toEqual(['PatientQuery', patient])
  expect(event!.agent.filter(({ requestor }) => requestor)).toMatchObject([
    { type: { coding: [{ code: 'IRCP' }] }, who: { identifier: { value: expect.any(String) } }, purposeOfUse: [{ text: 'directcare' }] },
  ])
  const query = event!.entity?.find(({ role }) => role?.code === '24')?.query ?? ''
  expect(Buffer.from(query, 'base64').toString()).toContain(`/Patient?identifier=${encodeURIComponent(`${nhsNumber}|${patient}`)}`)
})

test('a number that stood in a body alone is kept as a hash: whoever knows it names its patient by it', async () => {
  expect((await events('--exchange', inBody, '--personal')).map(told)).toEqual([[undefined, undefined]])
  const found = await events('--nhs-number', '969 093 7278', '--personal')
  expect(found.map(({ id, ...one }) => [id, ...told(one as AuditEvent)])).toEqual([
    [inBody, undefined, patient],
    [inQuery, 'PatientQuery', patient],
  ])
})

test('each page is recorded as a look at what names people before it is read', async () => {
  const before = here.audit().length
  await exported('fhir', '--exchange', inQuery, '--personal')
  const looks = here
    .audit()
    .slice(before)
    .filter((entry) => entry.type === 'operation')
  expect(looks).toMatchObject([{ act: 'exchange-search', detail: { exchange: inQuery, personal: true } }])
})

test('ndjson holds what was sealed, and csv has no place for it', async () => {
  const { out } = await exported('ndjson', '--exchange', inQuery, '--personal')
  expect(JSON.parse(out)).toMatchObject({
    exchange: inQuery,
    personal: { url: expect.stringContaining(patient), claims: expect.any(String) },
  })
  expect(await exported('csv', '--personal')).toMatchObject({ code: 64, out: '', error: expect.stringContaining('--personal') })
})

test('without a proxy it is the same, and once the month’s key is destroyed nobody is named any more, which is said', async () => {
  await here.proxy.close()
  closed = true
  expect((await events('--exchange', inQuery, '--personal')).map(told)).toEqual([['PatientQuery', patient]])
  const keys = join(here.directory, 'data', 'keys')
  for (const name of readdirSync(keys)) rmSync(join(keys, name))
  const { code, out, error } = await exported('fhir', '--exchange', inQuery, '--personal', '--json')
  expect(told(JSON.parse(out))).toEqual(['Query', undefined])
  expect(out).not.toContain(patient)
  expect({ code, error }).toEqual({
    code: 0,
    error:
      'what names people in 1 exchanges cannot be read: their month’s key is destroyed, or their records are on another machine\n{"exchanges":1,"unread":1}\n',
  })
})
