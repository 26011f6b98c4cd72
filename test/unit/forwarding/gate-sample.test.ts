import { BodyDigest } from '../../../src/forwarding/body-digest.ts'
import { gateSample } from '../../../src/forwarding/gate-sample.ts'
import type { ProviderOutcome } from '../../../src/forwarding/provider-answer.ts'
import type { ProviderFailure } from '../../../src/forwarding/provider-failure.ts'
import type { Origin } from '../../../src/spine/origin.ts'

const wall = Date.UTC(2026, 10, 25)
const sample = (outcome: Partial<ProviderOutcome>, askedAt: number | undefined = 0) =>
  gateSample({ consumerGone: false, retriable: false, digest: new BodyDigest(), droppedHeaders: [], ...outcome }, askedAt, 5000, wall)
const answered = (status: number, more: Partial<ProviderOutcome> = {}) => sample({ status, sentAt: 1000, headAt: 1300, ...more })
const failure = (origin: Origin, kind: ProviderFailure['kind'] = 'unreachable'): ProviderFailure => ({ kind, origin, reason: '' })

test('an answer tells how long the provider took, from when the whole request was on its way', () => {
  expect(answered(200)).toEqual({ kind: 'answered', latencyMs: 300, pushback: false, failed: false, retryAt: 0 })
  expect(sample({ status: 200, sentAt: 1000, headAt: 1300 }, 1200)).toMatchObject({ latencyMs: 100 })
  expect(sample({ status: 200, sentAt: 1000, headAt: 1300 }, 1400)).toMatchObject({ latencyMs: undefined })
  expect(gateSample({ status: 200, sentAt: 1000, headAt: 1300, consumerGone: false } as ProviderOutcome, undefined, 0, 0)).toMatchObject({
    latencyMs: undefined,
  })
})

test.each([
  [400, false, false],
  [404, false, false],
  [429, true, false],
  [500, false, false],
  [501, false, false],
  [502, false, true],
  [503, true, true],
  [504, false, true],
])('an answer %i: pushback %s, failed %s, and no time', (status, pushback, failed) => {
  expect(answered(status)).toEqual({ kind: 'answered', latencyMs: undefined, pushback, failed, retryAt: 0 })
})

test('Retry-After counts from now, in seconds or as a date', () => {
  expect(answered(503, { retryAfter: '7' })).toMatchObject({ retryAt: 12_000 })
  expect(answered(503, { retryAfter: new Date(wall + 9000).toUTCString() })).toMatchObject({ retryAt: 14_000 })
  expect(answered(503, { retryAfter: 'soon' })).toMatchObject({ retryAt: 5000 })
})

test.each<Origin>(['provider', 'provider-network', 'provider-tls'])('what fails by the doing of the %s is its failure', (origin) => {
  expect(sample({ failure: failure(origin) })).toEqual({ kind: 'failed' })
  expect(answered(200, { failure: failure(origin) })).toMatchObject({ failed: true })
})

test.each<Origin>(['policy', 'proxy', 'consumer', 'consumer-network'])(
  'what fails by the doing of the %s is none of the provider’s',
  (origin) => {
    expect(sample({ failure: failure(origin) })).toEqual({ kind: 'none' })
    expect(answered(200, { failure: failure(origin) })).toMatchObject({ failed: false })
  },
)

test('a consumer that hangs up is no failure: before it was sent nothing, afterwards how long the provider had had', () => {
  const gone = { consumerGone: true, failure: failure('provider') }
  expect(sample(gone)).toEqual({ kind: 'none' })
  expect(sample({ ...gone, sentAt: 1000 })).toEqual({ kind: 'abandoned', waitedMs: 4000 })
  expect(answered(200, gone)).toMatchObject({ failed: false })
})

test('a consumer that never sends all of its body makes no provider late', () => {
  const unsent = (more: Partial<ProviderOutcome>) => gateSample({ consumerGone: false, ...more } as ProviderOutcome, undefined, 5000, wall)
  expect(unsent({ sentAt: 1000, failure: failure('provider', 'timeout') })).toEqual({ kind: 'none' })
  expect(unsent({ sentAt: 1000, consumerGone: true })).toEqual({ kind: 'none' })
  expect(unsent({ sentAt: 1000, failure: failure('provider-network') })).toEqual({ kind: 'failed' })
})
