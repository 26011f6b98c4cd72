import { type RunningDemoProvider, runDemoProvider, spineCode, stu3 } from './running-demo-provider.ts'

let demo: RunningDemoProvider
beforeAll(async () => {
  demo = await runDemoProvider()
})
afterAll(() => demo.stop())

test('the proxy is answered', async () => {
  const reply = await demo.call(`${stu3}/metadata`)
  expect(reply.status).toBe(200)
  expect(reply.json).toMatchObject({ resourceType: 'CapabilityStatement', fhirVersion: '3.0.1', kind: 'instance' })
})

test('a caller without a certificate gets 496 and a FHIR body', async () => {
  const reply = await demo.call(`${stu3}/metadata`, { client: null })
  expect(reply.status).toBe(496)
  expect(spineCode(reply)).toBe('BAD_REQUEST')
})

test('a certificate of the same authority for another name gets 495', async () => {
  const reply = await demo.call(`${stu3}/metadata`, { client: await demo.issue('consumer.thirdparty.nhs.uk') })
  expect(reply.status).toBe(495)
  expect(reply.text).toContain('answers nobody else')
})

test('a wildcard that would cover the name gets 495', async () => {
  expect((await demo.call(`${stu3}/metadata`, { client: await demo.issue('*.dev.spine2.ncrs.nhs.uk') })).status).toBe(495)
})

test('the right name from another authority gets 495', async () => {
  expect((await demo.call(`${stu3}/metadata`, { client: await demo.stranger() })).status).toBe(495)
})

test('a refused caller changes nothing, whatever it sends', async () => {
  const client = await demo.issue('consumer.thirdparty.nhs.uk')
  const reply = await demo.call(`${stu3}/Patient/$gpc.registerpatient`, { method: 'POST', body: 'x'.repeat(1000), client })
  expect(reply.status).toBe(495)
})
