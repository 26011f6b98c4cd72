import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { answersIn } from '../../support/wire.ts'

const many = 30
let here: World
beforeAll(async () => {
  const limits = { headersTimeoutSeconds: 2, bodySilenceSeconds: 2, minimumBytesPerSecond: 1000, minimumRateAfterSeconds: 2 }
  // All of them are one consumer's, who would wait for its own: how a provider's places are shared has tests of its own.
  const forwarding = { capacity: { mode: 'observe' } }
  here = await startWorld({ settings: { ...everyRefusalRecorded, listener: limits, forwarding } })
})
afterAll(() => here.close())

/** Sends one byte after another for as long as the connection takes them; gives what came back once it has closed. */
async function drip(socket: TLSSocket, begin: string, rest: string): Promise<string> {
  let text = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.write(begin)
  let at = 0
  const timer = setInterval(() => {
    if (socket.writable) socket.write(rest[at++ % rest.length] as string)
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
    ['a head that never ends', wireText().slice(0, -2), 'X-a: b\r\n'],
    ['a request line that never ends', 'GET /', 'a'],
    ['a body that drips', withBody, '1'],
    ['a chunked body that drips', chunked, '1\r\n1\r\n'],
  ])(
    'with %s are answered 408 and closed, and recorded; others are served meanwhile',
    async (_what, begin, rest) => {
      const before = here.audit().length
      const sockets = await Promise.all(Array.from({ length: many }, () => open(here)))
      const dripping = Promise.all(sockets.map((socket) => drip(socket, begin, rest)))
      expect((await call(here)).status).toBe(200)
      const answers = (await dripping).map((text) => answersIn(text).answers)
      expect(answers.map((all) => all.map(({ status }) => status))).toEqual(Array.from({ length: many }, () => [408]))
      const ids = answers.map(([one]) => one?.exchange)
      await until('all are in the audit', () => {
        const entries = here.audit().slice(before)
        const ended = new Set(entries.flatMap((one) => (one.type === 'refused' || one.type === 'outcome' ? [one.exchange] : [])))
        return ids.every((id) => id !== undefined && ended.has(id))
      })
    },
    60_000,
  )
})
