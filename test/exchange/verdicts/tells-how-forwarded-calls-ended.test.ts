import { call, open, wireText } from '../../support/consumer.ts'
import { expectRecordedVerdict, expectToldVerdict } from '../../support/expect-verdict.ts'
import { startFakeProvider } from '../../support/fake-provider.ts'
import { beginCall } from '../../support/slow-streams.ts'
import { certificates, startWorld, type World } from '../../support/start-world.ts'
import { startTcpRelay } from '../../support/tcp-relay.ts'
import { until } from '../../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

test('ANSWERED: the provider’s answer says so itself, and so do its record and its story', async () => {
  const answer = await call(here)
  expect([answer.status, answer.code, answer.verdict.origin]).toEqual([200, 'ANSWERED', 'none'])
  expect(await expectRecordedVerdict(here, answer.exchange, 'ANSWERED')).toMatchObject({ end: 'complete', status: 200 })
  await expectToldVerdict(here, answer.exchange, 'ANSWERED')
})

test.each([
  ['PROVIDER_ANSWERED_REFUSAL', 404],
  ['PROVIDER_ANSWERED_BUSY', 503],
  ['PROVIDER_ANSWERED_ERROR', 500],
] as const)('%s: an answer of %d is passed as it came, and said to be the provider’s own', async (verdict, status) => {
  const body = '{"resourceType":"OperationOutcome"}'
  here.provider.answer = (_request, response) => response.writeHead(status).end(body)
  const answer = await call(here)
  expect([answer.status, answer.code, answer.verdict.origin]).toEqual([status, verdict, 'provider'])
  expect(answer.body.toString()).toBe(body)
  expect(await expectRecordedVerdict(here, answer.exchange, verdict)).toMatchObject({
    ...{ end: 'complete', status, providerStatus: status },
  })
  await expectToldVerdict(here, answer.exchange, verdict)
})

test('CONSUMER_GONE: a consumer hangs up before its answer has begun', async () => {
  let asked = false
  here.provider.answer = () => {
    asked = true
  }
  const socket = await open(here)
  socket.on('error', () => undefined)
  socket.write(wireText())
  await until('the provider is asked', () => asked)
  const exchange = here.audit().findLast((entry) => entry.type === 'forwarding')?.exchange ?? ''
  socket.destroy()
  expect(await expectRecordedVerdict(here, exchange, 'CONSUMER_GONE')).toMatchObject({ end: 'aborted', status: 499 })
  await expectToldVerdict(here, exchange, 'CONSUMER_GONE')
})

test('CONSUMER_GONE: a consumer hangs up in the midst of an answer that had said ANSWERED', async () => {
  here.provider.answer = (_request, response) => response.write('{"resourceType":')
  const begun = await beginCall(here)
  expect(begun.answer.headers['ssp-verdict']).toMatch(/^origin=none, .*, code=ANSWERED$/)
  begun.destroy()
  expect(await expectRecordedVerdict(here, begun.exchange, 'CONSUMER_GONE')).toMatchObject({ end: 'aborted', providerStatus: 200 })
})

test('ANSWER_CUT_BY_TLS: what comes in the midst of an answer is no record of its TLS session', async () => {
  const { provider: cast, authority } = await certificates()
  const provider = await startFakeProvider({ cert: cast.chainPem, key: cast.keyPem, ca: authority.certificatePem })
  provider.answer = (_request, response) => response.write('{"resourceType":')
  const relay = await startTcpRelay(provider.port)
  const beyond = await startWorld({ providerPort: relay.port })
  try {
    const begun = await beginCall(beyond)
    await until('the answer has begun', () => begun.bytes() > 0)
    // Nobody closes the connection from the other side: the provider does not hear of it.
    relay.cut()
    relay.intrude(Buffer.from('HTTP/1.1 408 Request Timeout\r\n\r\n'))
    expect(await begun.ended).toBe('cut')
    expect(await expectRecordedVerdict(beyond, begun.exchange, 'ANSWER_CUT_BY_TLS')).toMatchObject({
      ...{ end: 'aborted', status: 200, providerStatus: 200, reason: expect.stringMatching(/^the provider ended TLS \(ERR_SSL_/) },
    })
    await expectToldVerdict(beyond, begun.exchange, 'ANSWER_CUT_BY_TLS')
  } finally {
    await beyond.close()
    await relay.close()
    await provider.close()
  }
})
