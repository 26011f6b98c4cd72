import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { call } from '../support/consumer.ts'
import {
  type ExpectedRefusal,
  everyRefusalRecorded,
  expectRefusal,
  expectRefusedAnswer,
  forwardedRecords,
} from '../support/expect-refusal.ts'
import { smallBundle } from '../support/fake-provider.ts'
import { furtherProvider } from '../support/further-providers.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

/** Ways to write an address of this machine: the operators' port listens at the first, which the kernel takes the wrapped ones for. */
const ownAddresses = [
  '127.0.0.1',
  '127.0.0.2',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '0.0.0.0',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:1]',
] as const
const loopings = ownAddresses.map((address, at) => ({ address, ...furtherProvider(`looping-${at}`, at + 1) }))
let here: World
beforeAll(async () => {
  const operatorsPort = await freePort()
  here = await startWorld({
    settings: {
      ...everyRefusalRecorded,
      operators: { port: operatorsPort },
      listener: { via: 'ssp-test' },
      forwarding: { connectionsPerProvider: 2 },
    },
    systems: loopings.map(({ system }) => system),
    endpoints: loopings.map(({ endpoint }) => endpoint),
    dialOverrides: Object.fromEntries(loopings.map(({ host, address }) => [`${host}:443`, `${address}:${operatorsPort}`])),
  })
})
afterAll(() => here.close())

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const row15: ExpectedRefusal = {
  status: 503,
  rule: 'provider-capacity',
  origin: 'provider',
  code: 'PROVIDER_BUSY',
  issue: 'transient',
  text: 'PROVIDER_BUSY',
}
const loop = { ...row15, status: 508, origin: 'policy', code: 'LOOP_DETECTED', issue: 'processing', text: 'LOOP_DETECTED' }

test('a provider with as many calls under way as are allowed is answered 503 with Retry-After, and later takes calls again', async () => {
  const usual = here.provider.answer
  let answerAll = () => {}
  const held = new Promise<void>((resolve) => {
    answerAll = resolve
  })
  let waiting = 0
  here.provider.answer = async (_request, response) => {
    waiting++
    await held
    response.end(smallBundle)
  }
  const underWay = [call(here), call(here)]
  await until('both calls have reached the provider', () => waiting === 2)
  const answer = await expectRefusal(here, {}, row15)
  expect(answer.headers['retry-after']).toBe('1')
  answerAll()
  expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200])
  here.provider.answer = usual
  expect((await call(here)).status).toBe(200)
})

test.each([
  '1.1 ssp-test',
  '1.0 fred, 1.1 ssp-test',
  'HTTP/1.1  ssp-test (comment), 1.1 other',
  '1.1 ssp-test, 1.1 ssp-test',
  '1.1 a, 1.1 b, 1.1 c,1.1 ssp-test',
  '1.1\tssp-test',
])('O9: a call that has been here before (Via: %s) is answered 508', async (via) => {
  await expectRefusal(here, { headers: { Via: via } }, { ...loop, reason: /Via names this proxy/ })
})

test.each(['1.1 ssp', '1.1 ssp-test-2', '1.1 other (ssp-test)'])('another Via (%s) passes', async (via) => {
  expect((await call(here, { headers: { Via: via } })).status).toBe(200)
})

test.each(loopings)('O9: an endpoint that leads to a port of our own at $address is answered 508, on record', async (looping) => {
  const answer = await call(here, { url: `${looping.root}/Patient`, headers: { 'Ssp-To': looping.asid } })
  expectRefusedAnswer(answer, { ...loop, closes: false })
  const { outcome } = await forwardedRecords(here, answer)
  expect(outcome).toMatchObject({
    end: 'refused',
    status: 508,
    origin: 'policy',
    rule: 'provider-capacity',
    reason: expect.stringMatching(/leads to this proxy/),
  })
})
