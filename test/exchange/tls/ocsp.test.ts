import type { Issued } from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { type Certificates, certificates, startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

let all: Certificates
let here: World | undefined
beforeAll(async () => {
  all = await certificates()
})
afterEach(async () => {
  await here?.close()
  here = undefined
})

async function worldAsking(url: string, ocsp: object): Promise<World> {
  here = await startWorld({ settings: { trust: { ocsp: { url, ...ocsp } }, forwarding: { allowedNetworks: ['127.0.0.0/8'] } } })
  return here
}

function anotherOfTheConsumer(): Promise<Issued> {
  return all.intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
}

whereInstalled('openssl', (openssl) => {
  describe("with OpenSSL's responder", () => {
    let responder: OcspResponder
    beforeAll(async () => {
      responder = await startOcspResponder(openssl, all.intermediate)
    })
    afterAll(() => responder.close())

    test.each(['check', 'require'])('%s: whom it calls revoked is refused at the first request, others pass', async (mode) => {
      const victim = await anotherOfTheConsumer()
      await responder.know([all.consumer, all.provider], [victim])
      const running = await worldAsking(responder.url, { mode })
      const refused = await call(running, { as: victim })
      expect([refused.status, refused.verdict.rule]).toEqual([495, 'client-certificate'])
      expect((await call(running)).status).toBe(200)
      const record = await until('the record', () => running.audit().find((entry) => entry.type === 'refused'))
      expect(record).toMatchObject({ reason: 'revoked on 2026-01-01T00:00:00Z, says the OCSP responder' })
      expect(await operatorsPage(running, '/metrics')).toMatch(/^ssp_ocsp_requests_total\{result="revoked"\} 1$/m)
    })

    test('require: whom it does not know is refused; check: passes', async () => {
      const unknown = await anotherOfTheConsumer()
      await responder.know([all.consumer, all.provider])
      const strict = await worldAsking(responder.url, { mode: 'require' })
      expect((await call(strict, { as: unknown })).status).toBe(495)
      await strict.close()
      const lenient = await worldAsking(responder.url, { mode: 'check' })
      expect((await call(lenient, { as: unknown })).status).toBe(200)
    })

    test('a provider whom it calls revoked is 502 by provider-tls', async () => {
      await responder.know([all.consumer], [all.provider])
      const answer = await call(await worldAsking(responder.url, { mode: 'check' }))
      expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-tls'])
    })

    test('a revocation that it learns later cuts open connections, and is recorded', async () => {
      const victim = await anotherOfTheConsumer()
      await responder.know([all.consumer, all.provider, victim])
      const running = await worldAsking(responder.url, { mode: 'check', cacheSeconds: 2 })
      const consumer = await shakeHands(running, { as: victim })
      expect((await consumer.ask())?.status).toBe(200)
      await responder.know([all.consumer, all.provider], [victim])
      // A stream asks for nothing: what is known of it is looked at now and then.
      await consumer.closed
      const record = await until('the record', () =>
        running.audit().find((entry) => entry.type === 'operation' && entry.act === 'revocation-status'),
      )
      expect(record).toMatchObject({ detail: { certificate: victim.sha256, cutConsumers: 1 } })
    })
  })
})

describe('with a responder that does not answer', () => {
  let silent: CrlServer
  beforeAll(async () => {
    silent = await startCrlServer()
    silent.answer = () => undefined
  })
  afterAll(() => silent.close())

  test('T9: check: the first request waits no longer than the time allowed, passes, and it is told; further ones do not wait', async () => {
    const running = await worldAsking(silent.url, { mode: 'check', timeoutSeconds: 0.3 })
    const started = performance.now()
    expect((await call(running)).status).toBe(200)
    const first = performance.now() - started
    expect(first).toBeGreaterThan(280)
    expect(first).toBeLessThan(5_000)
    expect((await call(running)).status).toBe(200)
    const questions = silent.requests.length
    expect((await call(running)).status).toBe(200)
    expect(silent.requests).toHaveLength(questions)
    const [metrics, ready] = [await operatorsPage(running, '/metrics'), await operatorsPage(running, '/readyz?verbose')]
    expect(metrics).toMatch(/^ssp_ocsp_requests_total\{result="failed"\} [1-9]/m)
    expect(ready).toContain('warning: the OCSP responder gave no answer that counts: it did not answer within 300 ms')
  })

  test('check: one that wants to speak another protocol holds up nobody', async () => {
    const other = await startCrlServer()
    other.answer = ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n')
    try {
      expect((await call(await worldAsking(other.url, { mode: 'check', timeoutSeconds: 0.3 }))).status).toBe(200)
    } finally {
      await other.close()
    }
  })

  test('require: 495, revocation unknown', async () => {
    const running = await worldAsking(silent.url, { mode: 'require', timeoutSeconds: 0.2 })
    expect((await call(running)).status).toBe(495)
    const record = await until('the record', () => running.audit().find((entry) => entry.type === 'refused'))
    expect(record).toMatchObject({ reason: expect.stringMatching(/^revocation unknown: the OCSP responder gave no answer that counts/) })
  })
})
