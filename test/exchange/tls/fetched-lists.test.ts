import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLifecycle } from '../../../src/app/lifecycle.ts'
import { loadConfig } from '../../../src/app/load-config.ts'
import { openLog } from '../../../src/lib/logger.ts'
import type { Issued } from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { ndjsonSystem } from '../../support/registry-records.ts'
import { certificates, type Ground, layWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

let server: CrlServer
let ground: Ground
let here: World | undefined
let edition = 100

beforeEach(async () => {
  server = await startCrlServer()
  ground = await layWorld({
    settings: {
      // The file has the root's list and an old one of the intermediate; the newer ones are fetched.
      trust: { crlUrls: [{ url: server.url, everySeconds: 1 }] },
      forwarding: { allowedNetworks: ['127.0.0.0/8'] },
    },
  })
})
afterEach(async () => {
  await here?.proxy.close()
  here = undefined
  await ground.clear()
  await server.close()
})

async function start(): Promise<World> {
  const loaded = await loadConfig(ground.config, {})
  const proxy = await startLifecycle(loaded, {}, openLog(loaded.config.logging))
  here = { ...ground, proxy, close: async () => undefined }
  return here
}

async function publish(...revoked: readonly Issued[]): Promise<void> {
  const { intermediate } = await certificates()
  for (const { serial } of revoked) intermediate.revoke(serial)
  server.publish(await intermediate.crl({ number: ++edition }))
}

/** Asks until the list is in force. A call that is under way at that moment is cut. */
async function untilRefused(running: World, victim: Issued): Promise<void> {
  await until('the list is in force', async () => {
    const answer = await call(running, { as: victim }).catch(() => undefined)
    return answer?.status === 495
  })
}

async function anotherOfTheConsumer(): Promise<Issued> {
  const { intermediate } = await certificates()
  return intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
}

test('a newer list is in force without a reload: the connection is cut within moments, the list recorded, counted and kept', async () => {
  await publish()
  const running = await start()
  const victim = await anotherOfTheConsumer()
  const consumer = await shakeHands(running, { as: victim })
  expect((await consumer.ask())?.status).toBe(200)
  await publish(victim)
  await consumer.closed
  const answer = await call(running, { as: victim })
  expect([answer.status, answer.verdict.rule]).toEqual([495, 'client-certificate'])
  expect((await call(running)).status).toBe(200)
  await until('the record', () =>
    running
      .audit()
      .find((entry) => entry.type === 'operation' && entry.act === 'revocation-list' && entry.detail['number'] === String(edition)),
  )
  const metrics = await operatorsPage(running, '/metrics')
  expect(metrics).toMatch(/^ssp_revocation_effect_seconds_count [1-9]/m)
  expect(metrics).toMatch(/^ssp_revocation_effect_seconds_bucket\{le="1"\} [1-9]/m)
  expect(metrics).toMatch(/^ssp_revocation_cut_connections_total\{leg="consumer"\} 1$/m)
  expect(metrics).toMatch(/^ssp_crl_age_seconds\{issuer="O=nhs, OU=CA, CN=Test Sub"\} 36\d\d/m)
  expect(
    await until('the file', async () => (await readdir(join(running.directory, 'data', 'crl'))).find((name) => name.endsWith('.crl'))),
  ).toBeDefined()
})

test('what was fetched is in force after a restart, also where the address is gone; O8: an older one is not taken after it', async () => {
  const victim = await anotherOfTheConsumer()
  await publish(victim)
  const first = await start()
  await untilRefused(first, victim)
  await until('the list is kept', async () => (await readdir(join(first.directory, 'data', 'crl'))).some((name) => name.endsWith('.crl')))
  await first.proxy.close()
  const { intermediate } = await certificates()
  server.publish(await intermediate.crl({ number: edition - 50 }))
  const again = await start()
  expect((await call(again, { as: victim })).status).toBe(495)
  const ready = await until('the refusal is told', async () => {
    const page = await operatorsPage(again, '/readyz?verbose')
    return page.includes('older than the one in force') && page
  })
  expect(ready).toContain(server.url)
  expect(await operatorsPage(again, '/metrics')).toMatch(/^ssp_crl_fetch_failures_total\{url="http:.*"\} [1-9]/m)
  expect((await call(again, { as: victim })).status).toBe(495)
})

test('a file that changes while a start still waits for an address is read again', async () => {
  const { authority, intermediate } = await certificates()
  const victim = await anotherOfTheConsumer()
  const file = join(ground.directory, 'crl.pem')
  await writeFile(file, await intermediate.crl({ number: ++edition }))
  const ofTheRoot = await authority.crl()
  server.answer = (_request, response) => {
    intermediate.revoke(victim.serial)
    void intermediate
      .crl({ number: ++edition })
      .then((list) => writeFile(file, list))
      .then(() => response.end(ofTheRoot))
    server.publish(ofTheRoot)
  }
  await untilRefused(await start(), victim)
})

test('a forged or damaged list is refused, and the old one stays', async () => {
  const { intermediate, operators } = await certificates()
  await publish()
  const running = await start()
  server.publish(await intermediate.crl({ number: ++edition, signWith: operators.key }))
  await until('the refusal is told', async () =>
    (await operatorsPage(running, '/readyz?verbose')).includes('the signature of the revocation list'),
  )
  expect((await call(running)).status).toBe(200)
  expect(await operatorsPage(running, '/readyz')).not.toContain('fail')
})

test('an address that once wanted to speak another protocol is asked again, and what it lists then bites', async () => {
  server.answer = ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n')
  const running = await start()
  await until('the first question', () => server.requests.length > 0)
  const victim = await anotherOfTheConsumer()
  await publish(victim)
  await untilRefused(running, victim)
})

test('a reload leaves a fetched list in force, though the file’s is older', async () => {
  const victim = await anotherOfTheConsumer()
  await publish(victim)
  const running = await start()
  await untilRefused(running, victim)
  expect(await running.proxy.reload('test')).toMatchObject({ ok: true })
  expect((await call(running, { as: victim })).status).toBe(495)
})

test('a list that is fetched while a reload reads its files is not lost by it', async () => {
  const victim = await anotherOfTheConsumer()
  await publish()
  const running = await start()
  expect((await call(running, { as: victim })).status).toBe(200)
  // A directory so large that lists are fetched meanwhile.
  const many = Array.from({ length: 200_000 }, (_, nth) =>
    ndjsonSystem({
      asid: String(300_000_000_000 + nth),
      odsCode: 'Z12345',
      partyKey: `Z12345-${1_000_000 + nth}`,
      interactions: [world.searchPatient],
    }),
  )
  await writeFile(join(running.directory, 'many.ndjson'), many.join(''))
  const settings = JSON.parse(await readFile(ground.config, 'utf8')) as { registry: { files: string[] } }
  settings.registry.files.push('many.ndjson')
  await writeFile(ground.config, JSON.stringify(settings))
  let isReading = true
  const reloading = running.proxy.reload('test').finally(() => {
    isReading = false
  })
  await publish(victim)
  await untilRefused(running, victim)
  expect(isReading).toBe(true)
  expect(await reloading).toMatchObject({ ok: true })
  expect((await call(running, { as: victim })).status).toBe(495)
  expect((await call(running)).status).toBe(200)
})
