import { Client } from 'fhir-kit-client'
import { Agent } from 'undici'
import { honestHeaders } from '../support/consumer.ts'
import { type DemoWorld, startDemoWorld } from '../support/demo-world.ts'
import { world } from '../support/start-world.ts'

/** A FHIR resource as this client gives it. */
// biome-ignore lint/suspicious/noExplicitAny: resources of every kind
type Resource = any

const gpConnect = 'urn:nhs:names:services:gpconnect:fhir'
let here: DemoWorld
let dispatcher: Agent
let client: Client
beforeAll(async () => {
  here = await startDemoWorld()
  const { consumer, authority } = here.certificates
  dispatcher = new Agent({ connect: { cert: consumer.chainPem, key: consumer.keyPem, ca: authority.certificatePem } })
  client = new Client({ baseUrl: `${here.root}/${world.root}`, requestOptions: { dispatcher } })
})
afterAll(async () => {
  await dispatcher.close()
  await here.close()
})

/** What a call of this interaction carries besides what the client itself sends. */
function as(interaction: string, more: Readonly<Record<string, string>> = {}) {
  return { headers: { ...honestHeaders(`${gpConnect}:${interaction}`), ...more } }
}

/** Status and headers of the answer that a resource came in. */
function answerOf(resource: Resource): Response {
  return Client.httpFor(resource).response as Response
}

test('the capability statement is read', async () => {
  const statement: Resource = await client.request('metadata', { options: as('rest:read:metadata-1') })
  expect([statement.resourceType, statement.fhirVersion]).toEqual(['CapabilityStatement', '3.0.1'])
  expect(answerOf(statement).headers.get('ssp-verdict')).toMatch(/^origin=none, /)
})

test('a patient is found by number, and read by id', async () => {
  const found: Resource = await client.search({
    resourceType: 'Patient',
    searchParams: { identifier: 'https://fhir.nhs.uk/Id/nhs-number|9990000018' },
    options: as('rest:search:patient-1'),
  })
  expect([found.resourceType, found.total]).toEqual(['Bundle', 1])
  const { id } = found.entry[0].resource
  const patient: Resource = await client.read({ resourceType: 'Patient', id, options: as('rest:read:patient-1') })
  expect([patient.resourceType, patient.id]).toEqual(['Patient', id])
})

test('an appointment is created and updated, and an update of an old version is refused by the provider’s own answer', async () => {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10)
  const slots: Resource = await client.search({
    resourceType: 'Slot',
    searchParams: { start: `ge${day(1)}`, end: `le${day(9)}`, status: 'free', _include: 'Slot:schedule' },
    options: as('rest:search:slot-1'),
  })
  const slot = slots.entry[0].resource
  const organisation = 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-BookingOrganisation-1'
  const created: Resource = await client.create({
    resourceType: 'Appointment',
    body: {
      resourceType: 'Appointment',
      contained: [{ resourceType: 'Organization', id: 'b', name: 'Elsewhere' }],
      extension: [{ url: organisation, valueReference: { reference: '#b' } }],
      status: 'booked',
      start: slot.start,
      end: slot.end,
      slot: [{ reference: `Slot/${slot.id}` }],
      created: new Date().toISOString(),
      participant: [{ actor: { reference: 'Patient/1' } }, { actor: { reference: 'Location/1' } }],
    } as Resource,
    options: as('rest:create:appointment-1'),
  })
  const answer = answerOf(created)
  expect([answer.status, answer.headers.get('etag'), answer.headers.get('location')]).toEqual([
    201,
    'W/"1"',
    `${world.root}/Appointment/${created.id}/_history/1`,
  ])
  const update = (version: string): Promise<Resource> =>
    client.update({
      resourceType: 'Appointment',
      id: created.id,
      body: { ...created, comment: 'Brings a letter' } as Resource,
      options: as('rest:update:appointment-1', { 'If-Match': version }),
    })
  expect(answerOf(await update('W/"1"')).headers.get('etag')).toBe('W/"2"')
  await expect(update('W/"1"')).rejects.toMatchObject({ response: { status: 409, data: { resourceType: 'OperationOutcome' } } })
})

test('an operation is performed', async () => {
  const record: Resource = await client.operation({
    name: '$gpc.getstructuredrecord',
    resourceType: 'Patient',
    input: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patientNHSNumber', valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' } },
        { name: 'includeProblems' },
      ],
    } as Resource,
    options: as('operation:gpc.getstructuredrecord-1'),
  })
  expect([record.resourceType, record.type]).toEqual(['Bundle', 'collection'])
})

test('a refusal is an OperationOutcome to it', async () => {
  const wrong = as('rest:search:patient-1', { 'Ssp-To': world.bareProvider.asid })
  await expect(client.search({ resourceType: 'Patient', searchParams: { identifier: 'x|1' }, options: wrong })).rejects.toMatchObject({
    response: { status: 403, data: { resourceType: 'OperationOutcome' } },
  })
})
