import { ProviderGate } from '../../../src/protection/provider-gate.ts'
import { call } from '../../support/consumer.ts'
import { expectRefusedAnswer } from '../../support/expect-refusal.ts'
import { expectRecordedVerdict, expectToldVerdict } from '../../support/expect-verdict.ts'
import { startFullListener } from '../../support/full-listener.ts'
import { startWorld, world } from '../../support/start-world.ts'

test('PROVIDER_CONNECT_TIMEOUT: a provider’s system drops what dials it without a word', async () => {
  const listener = await startFullListener()
  const here = await startWorld({ providerPort: listener.port, settings: { forwarding: { connectTimeoutSeconds: 0.5 } } })
  try {
    const answer = await call(here)
    expectRefusedAnswer(answer, {
      ...{ status: 504, rule: 'provider-exchange', origin: 'provider-network', code: 'PROVIDER_TIMEOUT', issue: 'timeout' },
      text: `TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_${world.root}/Patient`,
      verdict: 'PROVIDER_CONNECT_TIMEOUT',
    })
    expect(await expectRecordedVerdict(here, answer.exchange, 'PROVIDER_CONNECT_TIMEOUT')).toMatchObject({
      ...{ type: 'outcome', end: 'refused', status: 504, reason: 'no TCP connection within 500 ms' },
    })
    await expectToldVerdict(here, answer.exchange, 'PROVIDER_CONNECT_TIMEOUT')
  } finally {
    await here.close()
    await listener.close()
  }
})

test('INTERNAL_SERVER_ERROR: a part of the proxy has a defect; the caller learns nothing of it, and the next call goes on', async () => {
  const here = await startWorld()
  const whole = ProviderGate.prototype.enter
  ProviderGate.prototype.enter = () => {
    throw new RangeError('the place of T99999 is negative')
  }
  try {
    const answer = await call(here)
    ProviderGate.prototype.enter = whole
    expectRefusedAnswer(answer, {
      ...{ status: 500, rule: 'unforeseen', origin: 'proxy', code: 'INTERNAL_SERVER_ERROR', issue: 'exception' },
      ...{ text: 'INTERNAL_SERVER_ERROR', closes: true },
    })
    expect(answer.body.toString() + answer.rawHeaders.join()).not.toMatch(/RangeError|negative/)
    expect(await expectRecordedVerdict(here, answer.exchange, 'INTERNAL_SERVER_ERROR')).toMatchObject({
      ...{ type: 'refused', status: 500, reason: 'RangeError: the place of T99999 is negative' },
    })
    await expectToldVerdict(here, answer.exchange, 'INTERNAL_SERVER_ERROR')
    expect((await call(here)).code).toBe('ANSWERED')
  } finally {
    ProviderGate.prototype.enter = whole
    await here.close()
  }
})
