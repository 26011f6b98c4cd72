import { type Answer, call } from '../../support/consumer.ts'
import { startRawProvider } from '../../support/fake-provider.ts'
import { plainAnswer, startScriptedWorld } from '../../support/scripted-provider.ts'
import { certificates, startWorld, world } from '../../support/start-world.ts'
import { startTcpRelay } from '../../support/tcp-relay.ts'
import { until } from '../../support/until.ts'

test('F15: a second answer that arrives in one packet with the first does not reach the call that waits for a connection', async () => {
  const { provider: cast, authority } = await certificates()
  const requests: string[] = []
  const raw = await startRawProvider({ cert: cast.chainPem, key: cast.keyPem, ca: authority.certificatePem }, (socket) => {
    socket.setNoDelay(true)
    socket.on('data', (request: Buffer) => {
      requests.push(request.toString('latin1'))
      if (requests.length > 1) {
        socket.write(plainAnswer('{"of":"the second"}'))
        return
      }
      // Two TLS records, held back on the way, so that the proxy reads both at once.
      relay.cut()
      socket.write(plainAnswer('{"of":"the first"}'))
      setTimeout(() => socket.write(plainAnswer('{"of":"another patient"}')), 20)
    })
  })
  const relay = await startTcpRelay(raw.port)
  const here = await startWorld({ providerPort: relay.port })
  try {
    const first = call(here)
    await until('the provider has the first request', () => requests.length === 1)
    // Its connection is being made, and does not get further: it goes to whichever is free first.
    const second = call(here)
    await until('the second call is forwarded', () => here.audit().filter(({ type }) => type === 'forwarding').length === 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    relay.mend()
    const told = ({ status, body }: Answer) => [status, body.toString()]
    expect([told(await first), told(await second)]).toEqual([
      [200, '{"of":"the first"}'],
      [200, '{"of":"the second"}'],
    ])
  } finally {
    await here.close()
    await relay.close()
    await raw.close()
  }
})

test.each(['GET', 'HEAD', 'DELETE'])(
  'F12: a body of %s, in which a careless provider sees a further request, is the last on its connection: what that is answered nobody gets',
  async (method) => {
    const here = await startScriptedWorld({ settings: { checks: { method: { allowed: [method, 'GET'] } } } })
    try {
      const body = 'GET /T99999/STU3/1/Patient/2 HTTP/1.1\r\nHost: provider\r\n\r\n'
      here.script = (socket) => {
        socket.write(method === 'HEAD' ? 'HTTP/1.1 200 OK\r\n\r\n' : plainAnswer('{"of":"the first"}'))
        setTimeout(() => socket.writable && socket.write(plainAnswer('{"of":"another patient"}')), 50)
      }
      await call(here.world, { method, body, headers: { 'Content-Length': String(body.length) }, interaction: world.unknownForm })
      expect(here.seen[0]?.head).toMatch(/^Connection: close$/m)
      here.script = (socket) => setTimeout(() => socket.write(plainAnswer('{"of":"the second"}')), 100)
      const second = await call(here.world)
      expect([second.status, second.body.toString(), here.connections.accepted]).toEqual([200, '{"of":"the second"}', 2])
      expect(here.seen.at(-1)?.head).toMatch(/^Connection: keep-alive$/m)
    } finally {
      await here.close()
    }
  },
)
