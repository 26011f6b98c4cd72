import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { answersIn, expectFhirRefusal } from '../../support/wire.ts'

const many = 30
let here: World
beforeAll(async () => {
  const limits = { headersTimeoutSeconds: 2, bodySilenceSeconds: 2, minimumBytesPerSecond: 1000, minimumRateAfterSeconds: 2 }
  // All of them are one consumer's, who would wait for its own: how a provider's places are shared has tests of its own.
  const forwarding = { capacity: { mode: 'observe' } }
  here = await startWorld({ settings: { ...everyRefusalRecorded, listener: limits, forwarding } })
})
afterAll(() => here.close())

/** Sends one byte of `rest` after another, where it has any, for as long as the connection takes them; gives what came back once it has closed. */
async function drip(socket: TLSSocket, begin: string, rest: string): Promise<string> {
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.write(begin)
  let at = 0
  const timer = setInterval(() => {
    if (socket.writable && rest !== '') socket.write(rest[at++ % rest.length] as string)
  }, 100)
  await once(socket, 'close')
  clearInterval(timer)
  return text
}

const post = { target: `/${world.root}/Appointment`, interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1' }
const withBody = wireText({
  ...post,
  method: 'POST',
  extra: 'Content-Type: application/fhir+json\r\nContent-Length: 100000\r\n',
  body: '{',
})
const chunked = wireText({ ...post, method: 'POST', extra: 'Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n' })

describe(`D1: ${many} connections at once`, () => {
  test.each([
    ['a head that never ends', wireText().slice(0, -2), 'X-a: b\r\n', 'the request did not arrive in time'],
    ['a request line that never ends', 'GET /', 'a', 'the request did not arrive in time'],
    ['a body that drips', withBody, '1', 'the request body came more slowly than the minimum rate'],
    ['a chunked body that drips', chunked, '1\r\n1\r\n', 'the request body came more slowly than the minimum rate'],
    ['a body that stops', withBody, '', 'the request body stopped midway'],
    ['a chunked body that stops within a size', `${chunked}1`, '', 'the request body stopped midway'],
    ['a chunked body that stops within its trailers', `${chunked}0\r\nX-a: `, '', 'the request body stopped midway'],
    ['a head that stops', wireText().slice(0, -2), '', 'the request did not arrive in time'],
  ])(
    'with %s are answered 408 and closed, and recorded; others are served meanwhile',
    async (_what, begin, rest, reason) => {
      const before = here.audit().length
      const sockets = await Promise.all(Array.from({ length: many }, () => open(here)))
      const dripping = Promise.all(sockets.map((socket) => drip(socket, begin, rest)))
      expect((await call(here)).status).toBe(200)
      const answers = (await dripping).map((text) => answersIn(text).answers)
      expect(answers.map((all) => all.map(({ status }) => status))).toEqual(Array.from({ length: many }, () => [408]))
      const refusals = answers.flat()
      for (const one of refusals) {
        expect([one.rule, one.origin, one.headers.get('connection')]).toEqual(['wire-form', 'consumer-network', 'close'])
        expectFhirRefusal(one, 'REQUEST_TIMEOUT')
      }
      const ends = await until('all are in the audit', () => {
        const entries = here.audit().slice(before)
        const found = refusals.map(({ exchange }) =>
          entries.find((one) => (one.type === 'refused' || one.type === 'outcome') && one.exchange === exchange),
        )
        return found.every((one) => one !== undefined) && found
      })
      for (const one of ends) expect(one).toMatchObject({ status: 408, rule: 'wire-form', origin: 'consumer-network', reason })
    },
    60_000,
  )
})
