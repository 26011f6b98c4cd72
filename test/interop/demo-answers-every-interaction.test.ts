import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type ConsumerReply, callAsConsumer } from '../../demo/consumer-call.ts'
import { world } from '../../demo/demo-calls.ts'
import { tokenClaims, unsignedToken } from '../../src/cli/token-claims.ts'
import { findInteraction } from '../../src/spine/interaction-id.ts'
import { type DemoEnvironment, demoEnvironment, projectRoot, type RunningDemo, startDemo } from '../support/running-demo.ts'

const gpConnect = 'urn:nhs:names:services:gpconnect:'
const endpoints = parse(readFileSync(join(projectRoot, 'config/registry/endpoints.yaml'), 'utf8')) as {
  endpoints: { url?: string; interactions?: string[] }[]
}
const rootOf = new Map(endpoints.endpoints.flatMap(({ url, interactions }) => (interactions ?? []).map((one) => [one, url ?? ''] as const)))
const nhsNumber = 'https://fhir.nhs.uk/Id/nhs-number'

let environment: DemoEnvironment
let demo: RunningDemo
beforeAll(async () => {
  environment = await demoEnvironment()
  demo = await startDemo(environment)
})
afterAll(async () => {
  await demo.end()
  await environment.remove()
})

const asked = new Set<string>()

async function ask(suffix: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<ConsumerReply> {
  const interaction = `${gpConnect}${suffix}`
  const form = findInteraction(interaction)!
  const endpointUrl = rootOf.get(interaction)!
  const pem = (name: string) => readFileSync(join(projectRoot, 'certs-dev', name))
  asked.add(interaction)
  const mediaType = form.profile === 'dstu2' ? 'application/json+fhir' : 'application/fhir+json'
  const claims = tokenClaims({
    profile: form.profile,
    consumer: { ...world.consumer, partyKey: 'T77777-7777777', interactions: new Set() },
    endpointUrl,
    scope: form.scope,
    issuedAt: Math.floor(Date.now() / 1000),
  })
  return await callAsConsumer({
    port: environment.dataPort,
    ca: pem('ca.pem'),
    client: { cert: pem('consumer.pem'), key: pem('consumer.key') },
    method: form.method,
    target: `${endpointUrl}/${path}`,
    headers: {
      'Ssp-TraceID': randomUUID(),
      'Ssp-From': world.consumer.asid,
      'Ssp-To': world.provider.asid,
      'Ssp-InteractionID': interaction,
      Authorization: `Bearer ${unsignedToken(claims)}`,
      Accept: mediaType,
      ...(body === undefined ? {} : { 'Content-Type': mediaType }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

function parameters(system: string, ...more: readonly object[]): object {
  return {
    resourceType: 'Parameters',
    parameter: [{ name: 'patientNHSNumber', valueIdentifier: { system, value: '9990000018' } }, ...more],
  }
}

/** The status, after seeing that the proxy says that all went well. */
function status(reply: ConsumerReply): number {
  expect([reply.headers['ssp-verdict'], reply.body.slice(0, 500)]).toEqual([expect.stringMatching(/^origin=none,/), expect.any(String)])
  return reply.status
}

test('everything that is read or searched is answered through the proxy', async () => {
  const patientSearch = `Patient?identifier=${nhsNumber}|9990000018`
  const calls: readonly (readonly [string, string])[] = [
    ['fhir:rest:read:metadata-1', 'metadata'],
    ['structured:fhir:rest:read:metadata-1', 'metadata'],
    ['documents:fhir:rest:read:metadata-1', 'metadata'],
    ['fhir:rest:read:metadata', 'metadata'],
    ['fhir:rest:read:patient-1', 'Patient/1'],
    ['fhir:rest:search:patient-1', patientSearch],
    ['documents:fhir:rest:search:patient-1', patientSearch],
    ['fhir:rest:read:practitioner-1', 'Practitioner/1'],
    ['fhir:rest:search:practitioner-1', 'Practitioner?identifier=https://fhir.nhs.uk/Id/sds-user-id|T13579135'],
    ['fhir:rest:read:organization-1', 'Organization/1'],
    ['fhir:rest:search:organization-1', 'Organization?identifier=https://fhir.nhs.uk/Id/ods-organization-code|T99999'],
    ['fhir:rest:read:location-1', 'Location/1'],
    ['fhir:rest:read:healthcareservice-1', 'HealthcareService/1'],
    ['fhir:rest:search:healthcareservice-1', 'HealthcareService'],
    ['documents:fhir:rest:search:documentreference-1', 'Patient/1/DocumentReference'],
    ['documents:fhir:rest:read:binary-1', 'Binary/7b1f6c0e-demo-letter-1'],
    ['documents:fhir:rest:migrate:binary-1', 'Binary/7b1f6c0e-demo-note-2'],
  ]
  for (const [suffix, path] of calls) expect([suffix, status(await ask(suffix, path))]).toEqual([suffix, 200])
})

test('the operations on a patient are answered through the proxy', async () => {
  const full = { name: 'includeFullRecord', part: [{ name: 'includeSensitiveInformation', valueBoolean: true }] }
  const section = {
    name: 'recordSection',
    valueCodeableConcept: { coding: [{ system: 'http://fhir.nhs.net/ValueSet/gpconnect-record-section-1', code: 'ALL' }] },
  }
  const newcomer = {
    resourceType: 'Patient',
    identifier: [{ system: nhsNumber, value: '9990000085' }],
    name: [{ use: 'official', family: 'Newcomer' }],
    birthDate: '1990-01-01',
  }
  const calls: readonly (readonly [string, object])[] = [
    ['getstructuredrecord-1', parameters(nhsNumber, { name: 'includeProblems' })],
    ['migratestructuredrecord-1', parameters(nhsNumber, full)],
    ['registerpatient-1', { resourceType: 'Parameters', parameter: [{ name: 'registerPatient', resource: newcomer }] }],
    ['getcarerecord', parameters('http://fhir.nhs.net/Id/nhs-number', section)],
  ]
  for (const [name, body] of calls) {
    const reply = await ask(`fhir:operation:gpc.${name}`, `Patient/$gpc.${name.replace(/-1$/, '')}`, body)
    expect([name, status(reply)]).toEqual([name, 200])
  }
})

test('an appointment is booked, amended and cancelled: ETag, Location and If-Match pass the proxy unchanged', async () => {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10)
  const slots = await ask('fhir:rest:search:slot-1', `Slot?start=ge${day(1)}&end=le${day(9)}&status=free&_include=Slot:schedule`)
  expect(status(slots)).toBe(200)
  const slot = (JSON.parse(slots.body) as { entry: { resource: { id: string; start: string; end: string } }[] }).entry[0]!.resource
  const booking = {
    resourceType: 'Appointment',
    contained: [{ resourceType: 'Organization', id: 'b', name: 'Elsewhere' }],
    extension: [
      {
        url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-BookingOrganisation-1',
        valueReference: { reference: '#b' },
      },
    ],
    status: 'booked',
    start: slot.start,
    end: slot.end,
    slot: [{ reference: `Slot/${slot.id}` }],
    created: new Date().toISOString(),
    participant: [{ actor: { reference: 'Patient/1' } }, { actor: { reference: 'Location/1' } }],
  }
  const created = await ask('fhir:rest:create:appointment-1', 'Appointment', booking)
  expect([status(created), created.headers.etag]).toEqual([201, 'W/"1"'])
  expect(created.headers.location).toMatch(/^https:\/\/provider\.thirdparty\.nhs\.uk\/T99999\/STU3\/1\/Appointment\/1\/_history\/1$/)
  const path = 'Appointment/1'
  const read = await ask('fhir:rest:read:appointment-1', path)
  expect([status(read), read.headers.etag, read.headers['cache-control']]).toEqual([200, 'W/"1"', 'no-store'])
  const current = JSON.parse(read.body) as { extension: object[] }

  const amended = { ...current, comment: 'Brings a letter' }
  expect(status(await ask('fhir:rest:update:appointment-1', path, amended, { 'If-Match': 'W/"1"' }))).toBe(200)
  const late = await ask('fhir:rest:update:appointment-1', path, amended, { 'If-Match': 'W/"1"' })
  expect([late.status, late.headers['ssp-verdict']]).toEqual([409, expect.stringMatching(/^origin=provider,/)])
  const reason = {
    url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1',
    valueString: 'Feels better',
  }
  const cancelled = { ...amended, status: 'cancelled', extension: [...current.extension, reason] }
  expect(status(await ask('fhir:rest:cancel:appointment-1', path, cancelled, { 'If-Match': 'W/"2"' }))).toBe(200)
  const found = await ask('fhir:rest:search:patient_appointments-1', `Patient/1/Appointment?start=ge${day(0)}&start=le${day(9)}`)
  expect(status(found)).toBe(200)
})

test('nothing that the directory registers for the provider was left out', () => {
  expect([...rootOf.keys()].filter((interaction) => !asked.has(interaction))).toEqual([])
})
