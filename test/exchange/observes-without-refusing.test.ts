import { call, tokenFor } from '../support/consumer.ts'
import { forwardedRecords } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  const observe = { mode: 'observe' }
  const throttle = { ...observe, requestsPerSecond: 0.001, burst: 1 }
  const checks = { 'media-type': observe, 'data-sharing': observe, 'interaction-form': observe, 'access-token': observe, throttle }
  here = await startWorld({
    settings: { checks },
    sharingRules: [{ reference: 'MAIN', effect: 'allow', from: { asid: world.consumer.asid }, to: '*', interactions: ['*'] }],
  })
  // Uses up the one call of the consumer's burst, and of the stranger's.
  await call(here)
  await call(here, stranger())
})
afterAll(() => here.close())

const stranger = () => ({ as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } })
const beyondRate = { rule: 'throttle', code: 'TOO_MANY_REQUESTS', reason: expect.stringMatching(/over 0.001 requests a second/) }

test('row 14 observed: a call beyond the rate passes, with no rate headers, and is recorded', async () => {
  const answer = await call(here)
  expect([answer.status, answer.headers['x-rate-limit-limit']]).toEqual([200, undefined])
  const { forwarding, outcome } = await forwardedRecords(here, answer)
  expect(forwarding.observed).toEqual([beyondRate])
  expect(outcome).toMatchObject({ end: 'complete', status: 200, origin: 'none' })
})

test.each<readonly [string, Parameters<typeof call>[1], object]>([
  [
    '6',
    { headers: { Accept: 'text/html' } },
    { rule: 'media-type', code: 'UNSUPPORTED_MEDIA_TYPE', reason: expect.stringMatching(/Accept/) },
  ],
  [
    '12',
    { method: 'POST', body: '{}' },
    { rule: 'interaction-form', code: 'BAD_REQUEST', reason: expect.stringMatching(/is GET \/Patient/) },
  ],
  [
    '13',
    { headers: { Authorization: 'Bearer nonsense' } },
    { rule: 'access-token', code: 'BAD_REQUEST', reason: expect.stringMatching(/1 sections and not 3/) },
  ],
])('row %s observed: what would be refused passes, and is recorded', async (_row, change, observed) => {
  const answer = await call(here, change)
  expect(answer.status).toBe(200)
  const { forwarding } = await forwardedRecords(here, answer)
  expect(forwarding.observed).toEqual([observed, beyondRate])
})

test('row 10 observed: a pair that no rule names passes, and is recorded', async () => {
  const answer = await call(here, stranger())
  expect(answer.status).toBe(200)
  const { forwarding } = await forwardedRecords(here, answer)
  expect(forwarding.sharingRule).toBe('')
  expect(forwarding.observed).toContainEqual({
    rule: 'data-sharing',
    code: 'NOT_SHARED',
    reason: `data-sharing rule default denies ${world.stranger.asid} to ${world.provider.asid} for ${world.searchPatient}`,
  })
})

test('rows 6, 12, 13 and 14 at once: all four are recorded, in order', async () => {
  const answer = await call(here, {
    url: `${world.root}/Slot/1`,
    headers: { Accept: 'text/html', Authorization: `Bearer ${tokenFor(world.searchPatient, { iss: '' })}` },
  })
  expect(answer.status).toBe(200)
  const { forwarding } = await forwardedRecords(here, answer)
  expect(forwarding.observed.map(({ rule }) => rule)).toEqual(['media-type', 'interaction-form', 'access-token', 'throttle'])
})

test('the rows that are always enforced still refuse', async () => {
  expect((await call(here, { headers: { 'Ssp-From': world.stranger.asid } })).verdict.rule).toBe('identity-binding')
  expect((await call(here, { url: 'https://elsewhere.nhs.uk/' })).verdict.rule).toBe('registered-endpoint')
})

test.each([
  'wire-form',
  'client-certificate',
  'lockout',
  'method',
  'request-form',
  'identity-binding',
  'sender-interaction',
  'receiver-interaction',
  'registered-endpoint',
])('%s cannot be set to observe', async (name) => {
  const { checkSettings } = await import('../../src/proxy/admission.ts')
  expect(checkSettings.safeParse({ [name]: { mode: 'observe' } }).success).toBe(false)
})
