import { type Call, call } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { expectRecordedVerdict } from '../../support/expect-verdict.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

test.each<readonly [Parameters<typeof expectRecordedVerdict>[2], number, (world: World) => Call]>([
  ['BAD_CERTIFICATE', 495, ({ certificates }) => ({ as: certificates.badExpired })],
  ['CERTIFICATE_NOT_BOUND', 495, ({ certificates }) => ({ as: certificates.badFqdn })],
  ['SSP_HEADERS_INVALID', 400, () => ({ headers: { 'Ssp-TraceID': undefined } })],
  ['RECEIVER_UNKNOWN', 400, () => ({ headers: { 'Ssp-To': '918999190000' } })],
  ['INTERACTION_FORM_VARIES', 400, () => ({ url: `${world.root}/Slot` })],
  ['ACCESS_TOKEN_INVALID', 400, () => ({ headers: { Authorization: 'Bearer a.b.' } })],
])('%s: the answer, %d, and its record name this verdict and its fault domain', async (verdict, status, change) => {
  const answer = await call(here, change(here))
  expect([answer.status, answer.code]).toEqual([status, verdict])
  const ended = await expectRecordedVerdict(here, answer.exchange, verdict)
  expect(answer.verdict).toEqual({ origin: ended.origin, rule: ended.rule })
})
