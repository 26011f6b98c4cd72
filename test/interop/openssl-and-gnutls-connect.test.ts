import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wireText } from '../support/consumer.ts'
import { type DemoWorld, startDemoWorld } from '../support/demo-world.ts'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { world } from '../support/start-world.ts'

const request = () =>
  wireText({ target: `/${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`, extra: 'Connection: close\r\n' })
const wholeAnswer = /HTTP\/1\.1 \d{3} [\s\S]*"resourceType"[\s\S]*\}\s*$/

let here: DemoWorld
beforeAll(async () => {
  here = await startDemoWorld()
})
afterAll(() => here.close())

whereInstalled('openssl', (openssl) => {
  async function connect(args: readonly string[], input: string = request()) {
    const { files, root } = here
    const address = root.replace('https://', '')
    const fixed = ['s_client', '-connect', address, '-servername', 'localhost', '-CAfile', files.ca, '-verify_return_error', '-ign_eof']
    const shown = ['-cert', files.chain, '-cert_chain', files.chain, '-key', files.key]
    const { code, out, error } = await runProgram(openssl, [...fixed, ...shown, ...args], { input })
    return { code, text: out.toString('latin1') + error }
  }

  test.each([
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'DHE-RSA-AES256-GCM-SHA384',
    'DHE-RSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES256-SHA384',
    'ECDHE-RSA-AES256-SHA',
    'DHE-RSA-AES256-SHA256',
    'DHE-RSA-AES256-SHA',
  ])('openssl: a call over TLS 1.2 with %s, the national service’s suite', async (suite) => {
    const { text } = await connect(['-tls1_2', '-cipher', suite])
    expect(text).toMatch(new RegExp(`Cipher is ${suite}\\b`))
    expect(text).toMatch(/HTTP\/1\.1 200 OK\r\n/)
  })

  test.each(['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'])(
    'openssl: a call over TLS 1.3 with %s',
    async (suite) => {
      const { text } = await connect(['-tls1_3', '-ciphersuites', suite])
      expect(text).toMatch(new RegExp(`Cipher is ${suite}\\b`))
      expect(text).toMatch(/HTTP\/1\.1 200 OK\r\n/)
    },
  )

  test.each([
    ['TLS 1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']],
    ['a suite without encryption', ['-tls1_2', '-cipher', 'NULL:@SECLEVEL=0']],
    ['a suite without forward secrecy', ['-tls1_2', '-cipher', 'AES256-SHA256']],
  ])('openssl: %s finds no handshake', async (_what, args) => {
    const { code, text } = await connect(args)
    expect(code).not.toBe(0)
    expect(text).not.toContain('HTTP/1.1')
  })

  test('openssl: the names of the anchors are announced, by which some choose their certificate; renegotiation is not', async () => {
    const { text } = await connect(['-tls1_2'])
    expect(text).toMatch(/Acceptable client certificate CA names\n[\s\S]*CN = Test Root/)
    expect((await connect(['-tls1_2'], `R\n${request()}`)).text).not.toContain('HTTP/1.1 200')
  })

  test.each(['-tls1_2', '-tls1_3'])(
    'openssl: a session is resumed (%s), and the certificate shown at its beginning still counts',
    async (version) => {
      const session = join(here.directory, `session${version}.pem`)
      expect((await connect([version, '-sess_out', session])).text).toContain('HTTP/1.1 200 OK')
      expect(await readFile(session, 'utf8')).toContain('BEGIN SSL SESSION')
      const again = await connect([version, '-sess_in', session])
      expect(again.text).toMatch(/^Reused, TLSv1/m)
      expect(again.text).toContain('HTTP/1.1 200 OK')
    },
  )
})

whereInstalled('gnutls-cli', (gnutls) => {
  test.each([
    ['TLS 1.2', 'NORMAL:-VERS-ALL:+VERS-TLS1.2'],
    ['TLS 1.3', 'NORMAL:-VERS-ALL:+VERS-TLS1.3'],
    ['TLS 1.2 with DHE', 'NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA'],
  ])('gnutls: a call over %s', async (_how, priority) => {
    const { files, proxy } = here
    const { out, error } = await runProgram(
      gnutls,
      [
        ...['--port', String(proxy.dataPort), '--x509cafile', files.ca, '--x509certfile', files.chain, '--x509keyfile', files.key],
        ...['--priority', priority, 'localhost'],
      ],
      { input: request(), until: wholeAnswer },
    )
    expect(error).not.toMatch(/error|fatal|alert/i)
    expect(out.toString('latin1')).toMatch(/Status: The certificate is trusted/)
    expect(out.toString('latin1')).toMatch(/HTTP\/1\.1 200 OK\r\n/)
  })
})
