import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { auditSettings } from '../../../src/audit/audit-settings.ts'
import { openAuditTrail } from '../../../src/audit/trail.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { sampleForwarding, sampleOutcome } from '../../support/audit-entries.ts'
import { newExchangeId } from '../../support/index-rows.ts'
import { asking, type Cast, createCast, startTestOps, type TestOps } from '../../support/start-ops.ts'

const number = '9690937278'
let cast: Cast
let proxy: TestOps
const exchange = newExchangeId()
beforeAll(async () => {
  cast = await createCast()
  proxy = await startTestOps(cast)
  mkdirSync(join(proxy.directory, 'audit'), { mode: 0o700 })
  const trail = await openAuditTrail(auditSettings.parse({ node: 'n', reserveBytes: 0 }), proxy.directory, { clock: systemClock })
  await trail.forwarding(sampleForwarding(exchange, { personal: { url: `/x?${number}`, subjects: [number] } }))
  trail.outcome(sampleOutcome(exchange))
  await trail.close()
  await proxy.index.caughtUp()
})
afterAll(() => proxy.close())
beforeEach(() => {
  proxy.acts.length = 0
  proxy.world.auditFails = false
})

test('a viewer searches and looks, without what names a person, and each look is recorded', async () => {
  const viewer = asking(proxy, cast, cast.viewer)
  const found = await viewer.get('/exchanges?organisation=T77777&status=200&limit=10').expect(200)
  expect(found.body.exchanges).toMatchObject([{ exchange, status: 200, end: 'complete' }])
  const one = await viewer.get(`/exchanges/${exchange}`).expect(200)
  expect(one.body.records).toHaveLength(2)
  expect(one.text).not.toContain(number)
  expect(found.text).not.toContain(number)
  expect(proxy.acts).toEqual([
    [expect.stringContaining('CN=victor'), 'exchange-search', { organisation: 'T77777', status: 200, limit: 10 }],
    [expect.stringContaining('CN=victor'), 'exchange-look', { exchange, personal: false }],
  ])
})

test('what names a person is for operators, and so is the search by NHS number, which is never written', async () => {
  const [viewer, operator] = [asking(proxy, cast, cast.viewer), asking(proxy, cast, cast.operator)]
  await viewer.post(`/exchanges/${exchange}/personal`).send({}).expect(403)
  await viewer.post('/exchanges/search').send({ nhsNumber: number }).expect(403)
  expect((await viewer.get(`/exchanges?nhsNumber=${number}`).expect(400)).text).toContain('POST /exchanges/search')
  expect(proxy.acts).toEqual([])
  expect((await operator.post(`/exchanges/${exchange}/personal`).send({}).expect(200)).text).toContain(number)
  const found = await operator.post('/exchanges/search').send({ nhsNumber: '969 093 7278' }).expect(200)
  expect(found.body).toMatchObject({ exchanges: [{ exchange }], note: expect.stringContaining('Not found: reads') })
  expect(proxy.acts.at(-1)).toEqual([expect.anything(), 'exchange-search', { subject: expect.stringMatching(/^[\w-]{22}$/), limit: 50 }])
  expect(JSON.stringify(proxy.acts)).not.toContain(number)
})

test('a search that shows what names people is for operators, by POST, and is recorded as one', async () => {
  const [viewer, operator] = [asking(proxy, cast, cast.viewer), asking(proxy, cast, cast.operator)]
  await viewer.post('/exchanges/search').send({ personal: true }).expect(403)
  for (const value of ['true', '1'])
    expect((await viewer.get(`/exchanges?personal=${value}`).expect(400)).text).toContain('POST /exchanges/search')
  expect(proxy.acts).toEqual([])
  const found = await operator.post('/exchanges/search').send({ exchange, personal: true }).expect(200)
  expect(found.body.exchanges).toMatchObject([{ exchange, personal: { url: `/x?${number}` } }])
  expect(proxy.acts).toEqual([[expect.anything(), 'exchange-search', { exchange, personal: true, limit: 50 }]])
  const without = await operator.post('/exchanges/search').send({ exchange, personal: false }).expect(200)
  expect(without.text).not.toContain(number)
  expect(proxy.acts.at(-1)?.[2]).toEqual({ exchange, limit: 50 })
})

test('nobody without a certificate or a role sees anything', async () => {
  for (const path of ['/exchanges', `/exchanges/${exchange}`, '/events', '/index'])
    for (const who of [undefined, cast.roleless, cast.impostor]) await asking(proxy, cast, who).get(path).expect(403)
  await asking(proxy, cast, cast.viewer).post('/index/rebuild').send({}).expect(403)
  expect(proxy.acts).toEqual([])
})

test('a look that cannot be recorded is not made', async () => {
  proxy.world.auditFails = true
  const operator = asking(proxy, cast, cast.operator)
  for (const path of ['/exchanges', `/exchanges/${exchange}`, '/events']) {
    const answer = await operator.get(path).expect(503)
    expect(answer.body.detail).toBe('The audit cannot record this look, so nothing was searched.')
  }
})

test.each([
  ['an unknown condition', { colour: 'red' }],
  ['a status that is none', { status: 'two hundred' }],
  ['a wrong check digit', { nhsNumber: '9690937279' }],
  ['a date that is none', { since: '2026-13-45' }],
  ['a time without its zone', { since: '2026-11-26T10:00' }],
  ['a page that is too long', { limit: 5001 }],
  ['a cursor of one’s own', { after: 'abc' }],
  ['an object', { asid: { $ne: '' } }],
  ['an interaction that several could be', { interaction: 'patient-1' }],
])('%s is refused with its name, and nothing is searched', async (_what, body) => {
  const answer = await asking(proxy, cast, cast.operator).post('/exchanges/search').send(body).expect(400)
  expect(answer.body.detail).toContain(Object.keys(body)[0])
  expect(proxy.acts).toEqual([])
})

test('an interaction is known by its end, and a parameter that comes twice is refused', async () => {
  const viewer = asking(proxy, cast, cast.viewer)
  await viewer.get('/exchanges?interaction=gpc.getstructuredrecord-1').expect(200)
  expect(proxy.acts.at(-1)?.[2]).toMatchObject({ interaction: 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1' })
  await viewer.get('/exchanges?asid=1&asid=2').expect(400)
})

test('unknown ids and those of another form are not found', async () => {
  const viewer = asking(proxy, cast, cast.viewer)
  await viewer.get(`/exchanges/${'0'.repeat(32)}`).expect(404)
  await viewer.get('/exchanges/..%2f..%2fetc').expect(404)
})
