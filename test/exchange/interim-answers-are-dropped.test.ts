import type { TLSSocket } from 'node:tls'
import { call } from '../support/consumer.ts'
import { forwardedRecords } from '../support/expect-refusal.ts'
import { startRawProvider } from '../support/fake-provider.ts'
import { certificates, startWorld, type World } from '../support/start-world.ts'

const final = 'HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 2\r\n\r\n{}'
let here: World
let provider: Awaited<ReturnType<typeof startRawProvider>>
let answer = ''
let pieces: readonly string[] | undefined

beforeAll(async () => {
  const { provider: issued, authority } = await certificates()
  provider = await startRawProvider({ cert: issued.chainPem, key: issued.keyPem, ca: authority.certificatePem }, (socket: TLSSocket) => {
    socket.on('data', async () => {
      for (const piece of pieces ?? [answer]) {
        socket.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
  })
  here = await startWorld({ providerPort: provider.port })
})
afterAll(async () => {
  await here.close()
  await provider.close()
})

test.each([
  ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['102 Processing', 'HTTP/1.1 102 Processing\r\n\r\n'],
  ['103 Early Hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'],
  ['several', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'],
])('%s of a provider is dropped, and the answer behind it passes, on the same connection again and again', async (_name, interim) => {
  answer = interim + final
  pieces = undefined
  for (let round = 0; round < 3; round++) {
    const got = await call(here)
    expect([got.status, got.body.toString(), got.headers['link']]).toEqual([200, '{}', undefined])
  }
})

test('an interim answer that comes in pieces is dropped', async () => {
  pieces = ['HTTP/1.1 1', '00 Continue\r\n', '\r\nHTTP', final.slice(4, 40), final.slice(40)]
  const got = await call(here)
  expect([got.status, got.body.toString()]).toEqual([200, '{}'])
  pieces = undefined
})

test.each([
  ['101 Switching Protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['a flood of 100', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(50)}${final}`],
  ['a flood of 103', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)}${final}`],
])('%s is answered 502, blamed on the provider', async (_name, bytes) => {
  answer = bytes
  const got = await call(here)
  expect([got.status, got.verdict]).toEqual([502, { origin: 'provider', rule: 'provider-exchange' }])
  const { outcome } = await forwardedRecords(here, got)
  expect(outcome).toMatchObject({ end: 'refused', status: 502, origin: 'provider' })
})
