import { asking, type Cast, createCast, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let running: TestOps
beforeAll(async () => {
  cast = await createCast()
})
beforeEach(async () => {
  running = await startTestOps(cast)
})
afterEach(() => running.close())

const host = 'provider.example.nhs.uk'

test('a viewer sees the circuits and changes none; nobody sees them without a certificate', async () => {
  const seen = await asking(running, cast, cast.viewer).get('/circuits')
  expect([seen.status, seen.body.circuits]).toEqual([200, [expect.objectContaining({ host, circuit: 'open' })]])
  expect((await asking(running, cast, cast.viewer).post('/circuits/hold-open').send({ host, reason: 'works' })).status).toBe(403)
  expect((await asking(running, cast).get('/circuits')).status).toBe(403)
  expect(running.holds).toEqual([])
})

test.each(['hold-open', 'hold-closed', 'release'])('%s is done once it is in the audit, with its actor and reason', async (act) => {
  const answer = await asking(running, cast, cast.operator)
    .post(`/circuits/${act}`)
    .send({ host: host.toUpperCase(), reason: 'planned works' })
  expect([answer.status, answer.body.circuits]).toEqual([200, [expect.objectContaining({ host })]])
  expect(running.holds).toEqual([[host, act]])
  expect(running.acts).toEqual([[expect.stringContaining('olive'), `circuit-${act}`, { host, reason: 'planned works' }]])
})

test.each([
  [404, { host: 'nobody.example.nhs.uk', reason: 'x' }],
  [400, { host }],
  [400, { host, reason: '' }],
  [400, { host, reason: 'x', forSeconds: 3 }],
])('what cannot be done is answered %i and not done: %j', async (status, body) => {
  expect((await asking(running, cast, cast.operator).post('/circuits/hold-open').send(body)).status).toBe(status)
  expect(running.holds).toEqual([])
  expect(running.acts).toEqual([])
})

test('what cannot be audited is not done', async () => {
  running.world.auditFails = true
  expect((await asking(running, cast, cast.operator).post('/circuits/hold-open').send({ host, reason: 'x' })).status).toBe(503)
  expect(running.holds).toEqual([])
})
