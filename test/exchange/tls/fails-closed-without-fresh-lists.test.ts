import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLifecycle } from '../../../src/app/lifecycle.ts'
import { loadConfig } from '../../../src/app/load-config.ts'
import { openLog } from '../../../src/lib/logger.ts'
import { call } from '../../support/consumer.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'
import { expectRefusal } from '../../support/expect-refusal.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { freePort } from '../../support/parsers/judge-process.ts'
import { certificates, type Ground, layWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const hour = 3_600_000
let ground: Ground | undefined
let here: World | undefined
let server: CrlServer
beforeEach(async () => {
  server = await startCrlServer()
})
afterEach(async () => {
  await here?.proxy.close()
  await ground?.clear()
  here = undefined
  ground = undefined
  await server.close()
})

/** Starts a world whose list file holds this. */
async function startWith(lists: string, trust: object): Promise<World> {
  ground = await layWorld({ settings: { trust: { ...trust }, forwarding: { allowedNetworks: ['127.0.0.0/8'] } } })
  await writeFile(join(ground.directory, 'crl.pem'), lists)
  const loaded = await loadConfig(ground.config, {})
  const proxy = await startLifecycle(loaded, {}, openLog(loaded.config.logging))
  here = { ...ground, proxy, close: async () => undefined }
  return here
}

test('T8: a list past its nextUpdate counts within its grace, and is announced; past that everybody is refused, and not ready', async () => {
  const { authority, intermediate } = await certificates()
  const stale = (await authority.crl()) + (await intermediate.crl({ thisUpdate: Date.now() - 3 * hour, nextUpdate: Date.now() - hour }))
  const within = await startWith(stale, { crlGraceSeconds: 7_200 })
  expect((await call(within)).status).toBe(200)
  expect(await operatorsPage(within, '/readyz?verbose')).toMatch(/warning: the revocation list of O=nhs, OU=CA, CN=Test Sub is due at/)
  await within.proxy.close()
  await ground?.clear()
  const past = await startWith(stale, { crlGraceSeconds: 1_800 })
  await expectRefusal(
    past,
    {},
    {
      ...{ status: 495, rule: 'client-certificate', origin: 'consumer', code: 'BAD_CERTIFICATE', issue: 'forbidden' },
      ...{ text: 'ACCESS_DENIED_SSL', closes: true },
      reason: /^revocation unknown: the revocation list of .*Test Sub was due to be replaced on/,
    },
  )
  expect((await call(past, { as: past.certificates.stranger })).status).toBe(495)
  const ready = await operatorsPage(past, '/readyz?verbose')
  expect(ready).toContain('[-]revocation failed: out of date past the grace: O=nhs, OU=CA, CN=Test Sub')
  expect(ready).toContain('readyz check failed')
})

test('a list that is only to be had from an address is there when the first call comes', async () => {
  const { authority, intermediate } = await certificates()
  server.publish(await intermediate.crl())
  const running = await startWith(await authority.crl(), { crlUrls: [{ url: server.url }] })
  expect((await call(running)).status).toBe(200)
})

test('T8: until it has been had, everybody is refused and the proxy is not ready; then it is', async () => {
  const { authority, intermediate } = await certificates()
  const running = await startWith(await authority.crl(), { crlUrls: [{ url: server.url, everySeconds: 1 }] })
  expect((await call(running)).status).toBe(495)
  expect(await operatorsPage(running, '/readyz?verbose')).toContain('[-]revocation failed: not fetched yet: O=nhs, OU=CA, CN=Test Sub')
  server.publish(await intermediate.crl())
  await until('the list', async () => (await call(running)).status === 200)
  expect(await operatorsPage(running, '/readyz')).toBe('ok\n')
})

test('T9: an address on this machine’s own network is not dialled unless a network is allowed for it', async () => {
  const { authority, intermediate } = await certificates()
  server.publish(await intermediate.crl())
  ground = await layWorld({ settings: { trust: { crlUrls: [{ url: server.url }] } } })
  await writeFile(join(ground.directory, 'crl.pem'), await authority.crl())
  const loaded = await loadConfig(ground.config, {})
  const proxy = await startLifecycle(loaded, {}, openLog(loaded.config.logging))
  here = { ...ground, proxy, close: async () => undefined }
  expect(await operatorsPage(here, '/readyz?verbose')).toMatch(/cannot be fetched: the address may not be dialled: the address is loopback/)
  expect(server.requests).toEqual([])
})

test.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
  'T9: a port of our own is not asked for lists, allowed network or not (%s)',
  async (host) => {
    const { authority } = await certificates()
    const port = await freePort()
    ground = await layWorld({
      settings: {
        trust: { crlUrls: [{ url: `http://${host}:${port}/list.crl` }] },
        operators: { port },
        forwarding: { allowedNetworks: ['127.0.0.0/8', '::1/128'] },
      },
    })
    await writeFile(join(ground.directory, 'crl.pem'), await authority.crl())
    const loaded = await loadConfig(ground.config, {})
    const proxy = await startLifecycle(loaded, {}, openLog(loaded.config.logging))
    here = { ...ground, proxy, close: async () => undefined }
    expect(proxy.opsPort).toBe(port)
    // At the start the port was not open yet.
    expect(await proxy.reload('test')).toMatchObject({ ok: true })
    await until('it is told', async () =>
      (await operatorsPage(here as World, '/readyz?verbose')).includes('the address may not be dialled: it leads to this proxy itself'),
    )
    expect((await call(here)).status).toBe(495)
  },
)
