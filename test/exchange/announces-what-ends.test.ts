import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority } from '../support/certificate-authority.ts'
import { call } from '../support/consumer.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

const day = 86_400_000
let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess()
})
afterAll(() => here.close())

/** Replaces a file as an editor or a secret store does: whole, at once. */
async function replace(name: string, text: string): Promise<void> {
  const path = join(here.directory, name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function reload(): Promise<void> {
  const before = here.log.length
  here.signal('SIGHUP')
  const found = await until('the proxy has reloaded', () =>
    here.log.slice(before).find(({ msg }) => msg === 'reloaded' || String(msg).startsWith('the reload was refused')),
  )
  expect(found).toMatchObject({ msg: 'reloaded' })
}

test('A5: whatever ends soon is announced ahead, in the log, in /readyz?verbose and as a metric, while calls go on; and once it is renewed, no more', async () => {
  const { authority, intermediate, operators } = here.certificates
  const soon = Date.now() + 10 * day
  const names = ['ca.pem', 'crl.pem', 'server.pem', 'server.key', 'client.pem', 'client.key', 'operators-ca.pem', 'config.yaml']
  const good = new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(here.directory, name), 'utf8')] as const)))
  expect((await here.page('/readyz?verbose')).body).not.toContain('ends on')

  const old = await createAuthority({ name: 'Ending Root', notAfter: soon })
  const oldOperators = await createAuthority({ name: 'Ending Operators', notAfter: soon })
  const short = await createAuthority({ name: 'Ending Sub', parent: authority, notAfter: soon })
  const server = await intermediate.issue({
    cn: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['serverAuth'],
    notAfter: soon,
  })
  const client = await short.issue({ cn: 'proxy.dev.spine2.ncrs.nhs.uk', usages: ['clientAuth'] })
  const ofOperators = await intermediate.issue({
    cn: 'console',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['serverAuth'],
    notAfter: soon,
  })
  await replace('ca.pem', good.get('ca.pem') + old.certificatePem)
  await replace('operators-ca.pem', operators.certificatePem + oldOperators.certificatePem)
  await replace(
    'crl.pem',
    (await authority.crl({ number: 50 })) + (await intermediate.crl({ number: 50, nextUpdate: Date.now() + day / 2 })),
  )
  await replace('server.key', server.keyPem)
  await replace('server.pem', server.chainPem)
  await replace('client.key', client.keyPem)
  await replace('client.pem', client.chainPem)
  await replace('ops.pem', ofOperators.chainPem)
  await replace('ops.key', ofOperators.keyPem)
  const settings = JSON.parse(good.get('config.yaml') ?? '') as { operators: object }
  await replace(
    'config.yaml',
    JSON.stringify({ ...settings, operators: { ...settings.operators, certificate: 'ops.pem', key: 'ops.key' } }),
  )
  await reload()

  const until10 = new Date(soon).toISOString().slice(0, 10)
  const announced = [
    ['the anchor', `the certificate of O=nhs, OU=CA, CN=Ending Root ends on ${until10}`],
    ['the operators’ anchor', `the certificate of O=nhs, OU=CA, CN=Ending Operators ends on ${until10}`],
    ['the server’s own', `the certificate of O=nhs, OU=Devices, CN=localhost ends on ${until10}`],
    ['an intermediate of the client’s own', `the certificate of O=nhs, OU=CA, CN=Ending Sub ends on ${until10}`],
    ['the operators’ port’s', `the certificate of O=nhs, OU=Devices, CN=console ends on ${until10}`],
    ['the revocation list', 'the revocation list of O=nhs, OU=CA, CN=Test Sub is due at '],
  ] as const
  const ready = await here.page('/readyz?verbose')
  expect(ready.status).toBe(200)
  for (const [what, text] of announced) expect([what, ready.body.includes(`[!]warning: ${text}`)]).toEqual([what, true])
  const told = () => here.log.filter(({ level }) => level === 40 || level === 'warn').map(({ msg }) => String(msg))
  for (const [what, text] of announced) await until(`${what} in the log`, () => told().some((one) => one.startsWith(text)), 20_000)
  const { body } = await here.page('/metrics')
  const seconds = Math.floor(soon / 1000)
  for (const [role, subject] of [
    ['anchor', 'O=nhs, OU=CA, CN=Ending Root'],
    ['operators', 'O=nhs, OU=CA, CN=Ending Operators'],
    ['operators', 'O=nhs, OU=Devices, CN=console'],
    ['server', 'O=nhs, OU=Devices, CN=localhost'],
    ['client', 'O=nhs, OU=CA, CN=Ending Sub'],
  ])
    expect(body).toContain(`ssp_certificate_expiry_timestamp_seconds{role="${role}",subject="${subject}"} ${seconds}`)
  expect(body).toMatch(/^ssp_crl_next_update_timestamp_seconds\{issuer="O=nhs, OU=CA, CN=Test Sub"\} \d{10}/m)
  expect((await call(here)).status).toBe(200)

  for (const [name, text] of good) if (name !== 'crl.pem') await replace(name, text)
  await replace('crl.pem', (await authority.crl({ number: 51 })) + (await intermediate.crl({ number: 51 })))
  await reload()
  expect((await here.page('/readyz?verbose')).body).not.toMatch(/ends on|is due at/)
  await until(
    'it is said to be over',
    () => here.log.some(({ msg }) => String(msg).startsWith('no longer so: the certificate of O=nhs, OU=CA, CN=Ending Root')),
    20_000,
  )
})
