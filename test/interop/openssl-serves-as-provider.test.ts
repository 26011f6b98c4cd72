import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from '../support/certificate-authority.ts'
import { call } from '../support/consumer.ts'
import { forwardedRecords } from '../support/expect-refusal.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { certificates, startWorld, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

whereInstalled('openssl', (openssl) => {
  /** One call to a provider that `openssl s_server` plays, which demands a client certificate below this authority. */
  async function callThrough(anchors: string, version: '-tls1_2' | '-tls1_3') {
    const directory = await mkdtemp(join(tmpdir(), 'ssp-openssl-'))
    const { provider } = await certificates()
    await Promise.all([
      writeFile(join(directory, 'chain.pem'), provider.chainPem),
      writeFile(join(directory, 'key.pem'), provider.keyPem, { mode: 0o600 }),
      writeFile(join(directory, 'ca.pem'), anchors),
    ])
    const files = ['-cert', 'chain.pem', '-cert_chain', 'chain.pem', '-key', 'key.pem', '-CAfile', 'ca.pem']
    const server = spawn(
      openssl,
      ['s_server', '-accept', '127.0.0.1:0', ...files, '-Verify', '3', '-verify_return_error', '-www', version],
      { cwd: directory },
    )
    let said = ''
    server.stdout.on('data', (chunk) => {
      said += chunk
    })
    try {
      const port = await until('openssl tells its port', () => /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1])
      const here = await startWorld({ providerPort: Number(port) })
      try {
        const answer = await call(here, { interaction: world.unknownForm })
        return { answer, ...(await forwardedRecords(here, answer)) }
      } finally {
        await here.close()
      }
    } finally {
      server.kill()
      await once(server, 'close')
      await rm(directory, { recursive: true })
    }
  }

  test.each(['-tls1_2', '-tls1_3'] as const)(
    '%s: it accepts the proxy’s certificate, and its page comes through whole',
    async (version) => {
      const { authority } = await certificates()
      const { answer } = await callThrough(authority.certificatePem, version)
      expect([answer.status, answer.verdict.origin]).toEqual([200, 'none'])
      expect(answer.body.toString()).toContain('s_server')
    },
  )

  test.each(['-tls1_2', '-tls1_3'] as const)(
    '%s: it wants a certificate of another realm, and its alert is answered 502 by provider-tls (T21)',
    async (version) => {
      const another = await createAuthority({ name: 'Another Realm' })
      const { answer, outcome } = await callThrough(another.certificatePem, version)
      expect([answer.status, answer.verdict]).toEqual([502, { origin: 'provider-tls', rule: 'provider-exchange' }])
      expect(outcome).toMatchObject({ status: 502, origin: 'provider-tls', reason: expect.stringMatching(/TLS/) })
    },
  )
})
