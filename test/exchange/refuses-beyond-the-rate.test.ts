import { type Answer, call } from '../support/consumer.ts'
import { expectRefusedAnswer, refusedRecord } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

const everybody = [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }]
const asStranger = (here: World) => ({ as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } })
let here: World
beforeAll(async () => {
  const throttle = { requestsPerSecond: 0.01, burst: 2, perSystem: { [world.stranger.asid]: { requestsPerSecond: 100, burst: 1000 } } }
  here = await startWorld({ settings: { checks: { throttle } }, sharingRules: everybody })
})
afterAll(() => here.close())

function rateHeadersOf({ headers }: Answer): readonly unknown[] {
  return ['x-rate-limit-limit', 'x-rate-limit-remaining', 'x-rate-limit-reset', 'ratelimit-policy', 'ratelimit'].map(
    (name) => headers[name],
  )
}

test('row 14: within the burst calls pass and say what is left; beyond it they are answered 429 with when to come again', async () => {
  const first = await call(here)
  expect([first.status, rateHeadersOf(first)]).toEqual([200, ['2', '1', '100', '"system";q=2;w=200', '"system";r=1;t=100']])
  const second = await call(here)
  expect([second.status, second.headers['x-rate-limit-remaining'], second.headers['retry-after']]).toEqual([200, '0', undefined])
  const before = here.provider.received.length
  const third = await call(here)
  expectRefusedAnswer(third, {
    status: 429,
    rule: 'throttle',
    origin: 'consumer',
    code: 'TOO_MANY_REQUESTS',
    issue: 'throttled',
    text: 'TOO_MANY_REQUESTS',
    closes: false,
  })
  expect(here.provider.received).toHaveLength(before)
  expect(third.headers['retry-after']).toBe('100')
  expect(rateHeadersOf(third)).toEqual(['2', '0', '200', '"system";q=2;w=200', '"system";r=0;t=200'])
  expect(await refusedRecord(here, third)).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS', rule: 'throttle', origin: 'consumer' })
})

test('another system has a bucket of its own, and its own limit', async () => {
  const answer = await call(here, asStranger(here))
  expect([answer.status, answer.headers['x-rate-limit-limit'], answer.headers['x-rate-limit-remaining']]).toEqual([200, '1000', '999'])
})

test("nobody empties another's bucket: who only claims the ASID is refused before", async () => {
  for (let i = 0; i < 5; i++) {
    const claimed = await call(here, { headers: { 'Ssp-From': world.stranger.asid } })
    expect(claimed.verdict.rule).toBe('identity-binding')
  }
  const answer = await call(here, asStranger(here))
  expect(Number(answer.headers['x-rate-limit-remaining'])).toBeGreaterThanOrEqual(998)
})

test('a call that an earlier row refuses costs nothing', async () => {
  for (let i = 0; i < 5; i++) expect((await call(here, { ...asStranger(here), url: 'https://elsewhere.nhs.uk/' })).status).toBe(400)
  expect(Number((await call(here, asStranger(here))).headers['x-rate-limit-remaining'])).toBeGreaterThanOrEqual(997)
})
