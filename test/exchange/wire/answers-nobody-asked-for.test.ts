import { type Answer, call } from '../../support/consumer.ts'
import { startRawProvider } from '../../support/fake-provider.ts'
import { plainAnswer } from '../../support/scripted-provider.ts'
import { certificates, startWorld } from '../../support/start-world.ts'
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
