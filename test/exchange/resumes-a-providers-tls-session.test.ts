import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { call } from '../support/consumer.ts'
import { startRawProvider } from '../support/fake-provider.ts'
import { plainAnswer } from '../support/scripted-provider.ts'
import { certificates, startWorld, world } from '../support/start-world.ts'

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  test('a provider’s second connection resumes its session, and its certificate is judged again, by the lists in force', async () => {
    const { authority, intermediate } = await certificates()
    const cast = await intermediate.issue({ cn: world.provider.fqdn, dnsNames: [world.provider.fqdn], usages: ['serverAuth'] })
    const resumed: boolean[] = []
    const raw = await startRawProvider(
      { cert: cast.chainPem, key: cast.keyPem, ca: authority.certificatePem, minVersion: version, maxVersion: version },
      (socket: TLSSocket) => {
        resumed.push(socket.isSessionReused())
        socket.on('data', () => socket.end(plainAnswer('{}')))
      },
    )
    const here = await startWorld({ providerPort: raw.port })
    try {
      expect([(await call(here)).status, (await call(here)).status, (await call(here)).status]).toEqual([200, 200, 200])
      expect(resumed).toEqual([false, true, true])
      intermediate.revoke(cast.serial)
      await writeFile(join(here.directory, 'crl.pem'), (await authority.crl()) + (await intermediate.crl()))
      expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
      const refused = await call(here)
      expect([refused.status, refused.verdict.origin]).toEqual([502, 'provider-tls'])
    } finally {
      await here.close()
      await raw.close()
    }
  })
})
