import { dstu2, type RunningDemoProvider, runDemoProvider, spineCode, stu3 } from './running-demo-provider.ts'

let demo: RunningDemoProvider
beforeAll(async () => {
  demo = await runDemoProvider()
})
afterAll(() => demo.stop())

const identifier = (value: string) => `identifier=https://fhir.nhs.uk/Id/nhs-number|${value}`

test('a patient is found by NHS number, with the bar raw or encoded', async () => {
  for (const query of [
    identifier('9990000018'),
    identifier('9990000018').replace('|', '%7C'),
    'identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018',
  ]) {
    const reply = await demo.call(`${stu3}/Patient?${query}`)
    expect(reply.status).toBe(200)
    expect(reply.json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 1 })
    expect(reply.json.entry[0].resource).toMatchObject({ resourceType: 'Patient', id: '1', active: true, gender: 'female' })
  }
})

test('answers are not to be stored and name their media type', async () => {
  const { headers } = await demo.call(`${stu3}/Patient/1`)
  expect(headers['cache-control']).toBe('no-store')
  expect(headers['content-type']).toBe('application/fhir+json;charset=utf-8')
})

test('an answer is compressed for whoever accepts it, and for nobody else', async () => {
  const zipped = await demo.call(`${stu3}/Patient/1`, { headers: { 'accept-encoding': 'br, gzip;q=0.5' } })
  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(zipped.json.id).toBe('1')
  for (const refused of ['identity', 'gzip;q=0', 'br'])
    expect((await demo.call(`${stu3}/Patient/1`, { headers: { 'accept-encoding': refused } })).headers['content-encoding']).toBeUndefined()
})

test('a valid number that nobody has is an empty answer; errors carry GP Connect’s codes', async () => {
  const none = await demo.call(`${stu3}/Patient?${identifier('9434765919')}`)
  expect(none.json).toMatchObject({ type: 'searchset', total: 0 })
  expect(none.json.entry).toBeUndefined()
  const cases: readonly (readonly [string, number, string])[] = [
    [`${stu3}/Patient?${identifier('9990000019')}`, 400, 'INVALID_NHS_NUMBER'],
    [`${stu3}/Patient?identifier=https://example.org|9990000018`, 400, 'INVALID_IDENTIFIER_SYSTEM'],
    [`${stu3}/Patient?identifier=9990000018`, 422, 'INVALID_PARAMETER'],
    [`${stu3}/Patient`, 400, 'BAD_REQUEST'],
    [`${stu3}/Patient/999`, 404, 'PATIENT_NOT_FOUND'],
    [`${stu3}/Practitioner/9`, 404, 'PRACTITIONER_NOT_FOUND'],
    [`${stu3}/Organization/9`, 404, 'ORGANISATION_NOT_FOUND'],
    [`${stu3}/Location/9`, 404, 'NO_RECORD_FOUND'],
    [`${stu3}/Observation/9`, 404, 'NO_RECORD_FOUND'],
    [`${stu3}/Patient/%2e%2e`, 404, 'NO_RECORD_FOUND'],
  ]
  for (const [path, status, code] of cases) {
    const reply = await demo.call(path)
    expect([path, reply.status, spineCode(reply)]).toEqual([path, status, code])
  }
})

test('practitioners and the practice are found and read', async () => {
  const found = await demo.call(`${stu3}/Practitioner?identifier=https://fhir.nhs.uk/Id/sds-user-id|T24680246`)
  expect(found.json.total).toBe(1)
  expect(found.json.entry.map((one: { resource: { resourceType: string } }) => one.resource.resourceType)).toEqual([
    'Practitioner',
    'PractitionerRole',
  ])
  expect((await demo.call(`${stu3}/Practitioner/2`)).json.name[0].family).toBe('Penhallow')
  expect((await demo.call(`${stu3}/Organization?identifier=https://fhir.nhs.uk/Id/ods-organization-code|T99999`)).json.total).toBe(1)
  expect((await demo.call(`${stu3}/Organization/1`)).json.identifier[0].value).toBe('T99999')
  expect((await demo.call(`${stu3}/Location/1`)).json.managingOrganization.reference).toBe('Organization/1')
  expect((await demo.call(`${stu3}/HealthcareService`)).json.total).toBe(1)
  expect((await demo.call(`${stu3}/HealthcareService?identifier=https://fhir.nhs.uk/Id/uec-dos-service-id|1`)).json.total).toBe(0)
  expect((await demo.call(`${stu3}/HealthcareService/1`)).json.providedBy.reference).toBe('Organization/1')
})

test('what cannot be answered in FHIR JSON is 415', async () => {
  for (const headers of [{ accept: 'application/fhir+xml' }, { accept: 'application/fhir+json;q=0' }])
    expect((await demo.call(`${stu3}/Patient/1`, { headers })).status).toBe(415)
  expect((await demo.call(`${stu3}/Patient/1?_format=xml`)).status).toBe(415)
  expect(
    (await demo.call(`${stu3}/Patient/1?_format=application/fhir%2Bjson`, { headers: { accept: 'application/fhir+xml' } })).status,
  ).toBe(200)
  const xml = await demo.call(`${stu3}/Appointment`, {
    method: 'POST',
    body: '<Appointment/>',
    headers: { 'content-type': 'application/fhir+xml' },
  })
  expect([xml.status, spineCode(xml)]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
})

test('a method that a path does not know is 405 and says which are known', async () => {
  const reply = await demo.call(`${stu3}/Appointment/1`, { method: 'DELETE' })
  expect(reply.status).toBe(405)
  expect(reply.headers.allow).toBe('GET, POST, PUT')
})

test('a body beyond the limit is 413 and the provider lives on', async () => {
  const reply = await demo.call(`${stu3}/Appointment`, { method: 'POST', body: 'x'.repeat(70_000) })
  expect([reply.status, spineCode(reply)]).toEqual([413, 'BAD_REQUEST'])
  expect((await demo.call(`${stu3}/Patient/1`)).status).toBe(200)
})

test('a patient is registered once, with a number of the test range only', async () => {
  const parameters = (value: string, more: object = {}) => ({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'registerPatient',
        resource: {
          resourceType: 'Patient',
          identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value }],
          name: [{ use: 'official', family: 'Newcomer', given: ['Pat'] }],
          birthDate: '1990-01-01',
          ...more,
        },
      },
    ],
  })
  const post = (body: unknown) => demo.call(`${stu3}/Patient/$gpc.registerpatient`, { method: 'POST', body })
  const registered = await post(parameters('9990000069'))
  expect(registered.status).toBe(200)
  const patient = registered.json.entry[0].resource
  expect(patient.extension[0].extension[1].valueCodeableConcept.coding[0].code).toBe('T')
  expect((await demo.call(`${stu3}/Patient/${patient.id}`)).json.name[0].family).toBe('Newcomer')
  const twice = await post(parameters('9990000069'))
  expect([twice.status, spineCode(twice)]).toEqual([409, 'DUPLICATE_REJECTED'])
  const real = await post(parameters('9434765919'))
  expect([real.status, spineCode(real)]).toEqual([400, 'INVALID_PATIENT_DEMOGRAPHICS'])
  const dateless = await post(parameters('9990000077', { birthDate: '01/01/1990' }))
  expect([dateless.status, spineCode(dateless)]).toEqual([422, 'INVALID_RESOURCE'])
})

test('documents are listed and read; their size is that of the content', async () => {
  expect((await demo.call(`${stu3}/documents/metadata`)).json.rest[0].resource).toHaveLength(3)
  expect((await demo.call(`${stu3}/documents/Patient?${identifier('9990000018')}`)).json.total).toBe(1)
  const list = await demo.call(`${stu3}/documents/Patient/1/DocumentReference?created=ge2025-01-01`)
  expect(list.json.total).toBe(1)
  const { attachment } = list.json.entry[0].resource.content[0]
  const binary = await demo.call(new URL(attachment.url).pathname)
  const content = Buffer.from(binary.json.content, 'base64')
  expect(content.length).toBe(attachment.size)
  expect(content.toString('latin1')).toMatch(/^%PDF-1\.4[\s\S]*%%EOF\n$/)
  const refused = await demo.call(`${stu3}/documents/Patient/5/DocumentReference`)
  expect([refused.status, spineCode(refused)]).toEqual([403, 'NO_PATIENT_CONSENT'])
})

test('the DSTU2 service answers in its own dialect', async () => {
  const conformance = await demo.call(`${dstu2}/metadata`)
  expect(conformance.json).toMatchObject({ resourceType: 'Conformance', fhirVersion: '1.0.2' })
  expect(conformance.headers['content-type']).toBe('application/json+fhir;charset=utf-8')
  const ask = (value: string, code: string) =>
    demo.call(`${dstu2}/Patient/%24gpc.getcarerecord`, {
      method: 'POST',
      headers: { 'content-type': 'application/json+fhir' },
      body: {
        resourceType: 'Parameters',
        parameter: [
          { name: 'patientNHSNumber', valueIdentifier: { system: 'http://fhir.nhs.net/Id/nhs-number', value } },
          {
            name: 'recordSection',
            valueCodeableConcept: { coding: [{ system: 'http://fhir.nhs.net/ValueSet/gpconnect-record-section-1', code }] },
          },
        ],
      },
    })
  const record = await ask('9990000018', 'ALL')
  expect(record.status).toBe(200)
  expect(record.json.entry[0].resource.section[0].text.div).toContain('Allergy to penicillin')
  const missing = await ask('9434765919', 'ALL')
  expect(missing.status).toBe(404)
  expect(missing.json.issue[0].details.coding[0]).toMatchObject({
    code: 'PATIENT_NOT_FOUND',
    system: 'http://fhir.nhs.net/ValueSet/gpconnect-error-or-warning-code-1',
  })
  expect((await ask('9990000018', '__proto__')).status).toBe(422)
})

test('the log holds the caller’s ids and no NHS number', async () => {
  await demo.call(`${stu3}/Patient?${identifier('9990000018')}`, {
    headers: { 'ssp-from': '200000000359', 'ssp-interactionid': 'urn:x', 'ssp-traceid': 't-1' },
  })
  expect(demo.logged.at(-1)).toBe('200 GET /T99999/STU3/1/Patient  from=200000000359 interaction=urn:x trace=t-1')
  expect(demo.logged.join('\n')).not.toMatch(/999000/)
})
