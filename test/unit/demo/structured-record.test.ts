import { type RunningDemoProvider, runDemoProvider, spineCode, stu3 } from './running-demo-provider.ts'

let demo: RunningDemoProvider
beforeAll(async () => {
  demo = await runDemoProvider()
})
afterAll(() => demo.stop())

interface Held {
  readonly resourceType: string
  readonly id?: string
  readonly title?: string
  readonly [element: string]: unknown
}

const patientNHSNumber = (value: string) => ({
  name: 'patientNHSNumber',
  valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value },
})
const everything = [
  { name: 'includeAllergies', part: [{ name: 'includeResolvedAllergies', valueBoolean: true }] },
  { name: 'includeMedication', part: [{ name: 'includePrescriptionIssues', valueBoolean: true }] },
  { name: 'includeConsultations' },
  { name: 'includeProblems' },
  { name: 'includeImmunisations' },
  { name: 'includeUncategorisedData' },
]
const ask = (parameter: readonly unknown[], operation = 'getstructuredrecord', traceId = 'trace-1') =>
  demo.call(`${stu3}/Patient/$gpc.${operation}`, {
    method: 'POST',
    headers: { 'ssp-traceid': traceId },
    body: { resourceType: 'Parameters', parameter },
  })
const held = (reply: { json: { entry: { resource: Held }[] } }) => reply.json.entry.map(({ resource }) => resource)
const count = (resources: readonly Held[], type: string) => resources.filter(({ resourceType }) => resourceType === type).length

test('a whole record is a collection of the patient, the practice and one list for each part', async () => {
  const reply = await ask([patientNHSNumber('9990000018'), ...everything])
  expect(reply.status).toBe(200)
  expect(reply.json).toMatchObject({
    resourceType: 'Bundle',
    type: 'collection',
    id: 'trace-1',
    meta: { profile: ['https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-StructuredRecord-Bundle-1'] },
  })
  const resources = held(reply)
  expect(resources.slice(0, 4).map(({ resourceType }) => resourceType)).toEqual([
    'Patient',
    'Organization',
    'Practitioner',
    'PractitionerRole',
  ])
  expect(resources.filter(({ resourceType }) => resourceType === 'List').map(({ title }) => title)).toEqual([
    'Allergies and adverse reactions',
    'Ended allergies',
    'Medications and medical devices',
    'List of consultations',
    'Problems',
    'Immunisations',
    'Uncategorised data',
  ])
  expect(count(resources, 'AllergyIntolerance')).toBe(1)
  expect(count(resources, 'MedicationRequest')).toBe(4)
})

test('every reference within a record is met inside it, and no empty string stands anywhere', async () => {
  for (const number of ['9990000018', '9990000026', '9990000034', '9990000042']) {
    const resources = held(await ask([patientNHSNumber(number), ...everything]))
    const ids = new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id ?? ''}`))
    const references = [...JSON.stringify(resources).matchAll(/"reference":"([^#"][^"]*)"/g)].map((match) => match[1])
    expect(references.filter((one) => !ids.has(one ?? ''))).toEqual([])
    expect(JSON.stringify(resources)).not.toMatch(/:""|\[\]|\{\}|null/)
  }
})

test('only what is asked for is answered, and an empty part says that it is empty', async () => {
  const some = held(await ask([patientNHSNumber('9990000042'), everything[0]]))
  expect(some.map(({ resourceType }) => resourceType)).toEqual([
    'Patient',
    'Organization',
    'Practitioner',
    'PractitionerRole',
    'List',
    'List',
  ])
  expect(some[4]).toMatchObject({
    note: [{ text: 'Information not available' }],
    emptyReason: { coding: [{ code: 'no-content-recorded' }] },
  })
  expect(count(held(await ask([patientNHSNumber('9990000018')])), 'List')).toBe(0)
  const active = await ask([
    patientNHSNumber('9990000018'),
    { name: 'includeAllergies', part: [{ name: 'includeResolvedAllergies', valueBoolean: false }] },
  ])
  expect(count(held(active), 'List')).toBe(1)
})

test('a parameter from another version is answered without, and with a warning', async () => {
  const resources = held(await ask([patientNHSNumber('9990000018'), { name: 'includeTelepathy' }]))
  expect(resources.at(-1)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'warning', code: 'not-supported' }] })
})

test('faults of the parameters carry GP Connect’s codes', async () => {
  const cases: readonly (readonly [readonly unknown[], number, string])[] = [
    [[], 422, 'INVALID_PARAMETER'],
    [[patientNHSNumber('9990000019')], 400, 'INVALID_NHS_NUMBER'],
    [[patientNHSNumber('9434765919')], 404, 'PATIENT_NOT_FOUND'],
    [[patientNHSNumber('9990000050')], 403, 'NO_PATIENT_CONSENT'],
    [[{ name: 'patientNHSNumber', valueIdentifier: { system: 'urn:x', value: '9990000018' } }], 400, 'INVALID_IDENTIFIER_SYSTEM'],
    [[patientNHSNumber('9990000018'), { name: 'includeAllergies' }], 422, 'INVALID_PARAMETER'],
  ]
  for (const [parameter, status, code] of cases) {
    const reply = await ask(parameter)
    expect([reply.status, spineCode(reply)]).toEqual([status, code])
  }
  for (const body of ['{', '[]', '{"resourceType":"Patient"}', 'null']) {
    const reply = await demo.call(`${stu3}/Patient/$gpc.getstructuredrecord`, { method: 'POST', body })
    expect([reply.status, spineCode(reply)]).toEqual([422, 'INVALID_RESOURCE'])
  }
})

test('a migration gives the whole record or says what is missing', async () => {
  const full = { name: 'includeFullRecord', part: [{ name: 'includeSensitiveInformation', valueBoolean: true }] }
  expect(count(held(await ask([patientNHSNumber('9990000018'), full], 'migratestructuredrecord')), 'List')).toBe(7)
  const wrong = await ask([patientNHSNumber('9990000018'), { name: 'includeFullRecord' }], 'migratestructuredrecord')
  expect([wrong.status, spineCode(wrong)]).toEqual([422, 'INVALID_PARAMETER'])
})

test('a trace id that cannot be a FHIR id does not become one', async () => {
  expect((await ask([patientNHSNumber('9990000018')], 'getstructuredrecord', 'not an id!')).json.id).toMatch(/^[0-9a-f-]{36}$/)
})
