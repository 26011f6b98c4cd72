import { interactions } from '../../src/spine/interaction-id.ts'
import { call, tokenFor } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row12: ExpectedRefusal = {
  status: 400,
  rule: 'interaction-form',
  origin: 'consumer',
  code: 'BAD_REQUEST',
  issue: 'invalid',
  text: 'BAD_REQUEST',
}
const prefix = 'urn:nhs:names:services:gpconnect:'
const readPatient = `${prefix}fhir:rest:read:patient-1`

/** The contract's table (section 9), written out: suffix, method, path under the service root. */
const table: readonly (readonly [suffix: string, method: 'GET' | 'POST' | 'PUT', path: string, another: string])[] = [
  ['fhir:rest:read:metadata-1', 'GET', '/metadata', '/metadata/1'],
  ['fhir:rest:read:patient-1', 'GET', '/Patient/1', '/Patient'],
  ['fhir:rest:search:patient-1', 'GET', '/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018', '/Patient/1'],
  ['fhir:rest:read:practitioner-1', 'GET', '/Practitioner/a-b.C9', '/Patient/1'],
  ['fhir:rest:search:practitioner-1', 'GET', '/Practitioner?identifier=x|1', '/Practitioner/1'],
  ['fhir:rest:read:organization-1', 'GET', '/Organization/1', '/Organization'],
  ['fhir:rest:search:organization-1', 'GET', '/Organization?identifier=x|1', '/Organization/1'],
  ['fhir:rest:read:location-1', 'GET', '/Location/1', '/Location'],
  ['fhir:rest:read:healthcareservice-1', 'GET', '/HealthcareService/1', '/HealthcareService'],
  ['fhir:rest:search:healthcareservice-1', 'GET', '/HealthcareService', '/HealthcareService/1'],
  ['fhir:operation:gpc.registerpatient-1', 'POST', '/Patient/$gpc.registerpatient', '/Patient/$gpc.getstructuredrecord'],
  ['fhir:rest:search:slot-1', 'GET', '/Slot?status=free', '/Slot/1'],
  ['fhir:rest:create:appointment-1', 'POST', '/Appointment', '/Appointment/1'],
  ['fhir:rest:read:appointment-1', 'GET', '/Appointment/1', '/Appointment'],
  ['fhir:rest:update:appointment-1', 'PUT', '/Appointment/1', '/Appointment'],
  ['fhir:rest:cancel:appointment-1', 'PUT', '/Appointment/1', '/Slot/1'],
  ['fhir:rest:search:patient_appointments-1', 'GET', '/Patient/1/Appointment?start=ge2026-11-22', '/Patient/Appointment'],
  ['fhir:operation:gpc.getstructuredrecord-1', 'POST', '/Patient/$gpc.getstructuredrecord', '/Patient/1/$gpc.getstructuredrecord'],
  ['structured:fhir:rest:read:metadata-1', 'GET', '/metadata', '/Metadata'],
  ['fhir:operation:gpc.migratestructuredrecord-1', 'POST', '/Patient/$gpc.migratestructuredrecord', '/$gpc.migratestructuredrecord'],
  ['documents:fhir:rest:read:metadata-1', 'GET', '/metadata', '/'],
  ['documents:fhir:rest:search:patient-1', 'GET', '/Patient?identifier=x|1', '/Binary/1'],
  ['documents:fhir:rest:search:documentreference-1', 'GET', '/Patient/1/DocumentReference', '/DocumentReference'],
  ['documents:fhir:rest:read:binary-1', 'GET', '/Binary/1', '/Binary/1/2'],
  ['documents:fhir:rest:migrate:binary-1', 'GET', '/Binary/1', '/Binary'],
  ['fhir:rest:read:metadata', 'GET', '/metadata', ''],
  ['fhir:operation:gpc.getcarerecord', 'POST', '/Patient/$gpc.getcarerecord', '/Patient/$gpc.getcarerecord/'],
]

const rootOf = (suffix: string) => (suffix.startsWith('documents:') ? `${world.root}/documents` : world.root)
const body = '{"resourceType":"Parameters"}'
const anotherMethod = { GET: 'POST', POST: 'GET', PUT: 'POST' } as const

test('the table here is the table there', () => {
  expect(table.map(([suffix]) => prefix + suffix)).toEqual([...interactions.keys()])
})

test.each(table)('%s passes as %s %s', async (suffix, method, path) => {
  const answer = await call(here, {
    interaction: prefix + suffix,
    method,
    url: rootOf(suffix) + path,
    headers: { Authorization: `Bearer ${tokenFor(prefix + suffix, suffix.startsWith('documents:') ? { aud: rootOf(suffix) } : {})}` },
    ...(method !== 'GET' && { body }),
  })
  expect([answer.status, answer.verdict]).toEqual([200, { origin: 'none', rule: 'provider-exchange' }])
  expect(here.provider.received.at(-1)).toMatchObject({ method, target: new URL(rootOf(suffix)).pathname + path })
  const { forwarding } = await forwardedRecords(here, answer)
  expect(forwarding).toMatchObject({ request: { method, interaction: prefix + suffix }, observed: [] })
})

test.each(table)('%s is refused with another method than %s', async (suffix, method, path) => {
  const other = anotherMethod[method]
  const change = { interaction: prefix + suffix, method: other, url: rootOf(suffix) + path, ...(other !== 'GET' && { body }) }
  await expectRefusal(here, change, {
    ...row12,
    faults: [{ header: 'Ssp-InteractionID', detail: expect.stringContaining(`is ${method} /`) }],
  })
})

test.each(table)('%s is refused with another path than %s %s: %p', async (suffix, method, _path, another) => {
  const change = { interaction: prefix + suffix, method, url: rootOf(suffix) + another, ...(method !== 'GET' && { body }) }
  await expectRefusal(here, change, { ...row12, faults: [{ header: 'Ssp-InteractionID', detail: expect.any(String) }] })
})

test("an operation's $ may come as %24", async () => {
  const interaction = `${prefix}fhir:operation:gpc.getstructuredrecord-1`
  const answer = await call(here, { interaction, method: 'POST', url: `${world.root}/Patient/%24gpc.getstructuredrecord`, body })
  expect(answer.status).toBe(200)
  expect(here.provider.received.at(-1)?.target).toBe('/T99999/STU3/1/Patient/%24gpc.getstructuredrecord')
})

test.each(['%24gpc.getstructuredrecord', '$gpc.getstructuredrecord', 'a%20b', 'a%41', `${'1'.repeat(65)}`, 'a_b', '1/', '1/_history'])(
  'Patient/%s is no read of a patient (P8)',
  async (id) => {
    await expectRefusal(
      here,
      { interaction: readPatient, url: `${world.root}/Patient/${id}` },
      { ...row12, faults: [{ header: 'Ssp-InteractionID', detail: expect.any(String) }] },
    )
  },
)

test('an interaction whose form is not known passes in any form', async () => {
  for (const [method, path] of [
    ['GET', '/Slot/1'],
    ['POST', '/anything/%C3%A9'],
    ['PUT', ''],
  ] as const) {
    const answer = await call(here, { interaction: world.unknownForm, method, url: world.root + path, ...(method !== 'GET' && { body }) })
    expect(answer.status).toBe(200)
  }
})
