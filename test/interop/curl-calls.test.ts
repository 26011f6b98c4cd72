import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { honestHeaders } from '../support/consumer.ts'
import { type DemoWorld, startDemoWorld } from '../support/demo-world.ts'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { world } from '../support/start-world.ts'

const gpConnect = 'urn:nhs:names:services:gpconnect:fhir'
const patientSearch = `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`

whereInstalled('curl', (curl) => {
  let here: DemoWorld
  beforeAll(async () => {
    here = await startDemoWorld()
  })
  afterAll(() => here.close())

  /** What curl prints of one answer: its head, and its body as bytes. */
  async function answerTo(args: readonly string[], interaction: string, url: string, who: 'good' | 'bad' | 'nobody' = 'good') {
    const { files } = here
    const shown = { good: ['--cert', files.chain, '--key', files.key], bad: ['--cert', files.badChain, '--key', files.badKey], nobody: [] }
    const headers = Object.entries(honestHeaders(`${gpConnect}:${interaction}`)).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const fixed = ['-sS', '-i', '-g', '--path-as-is', '--max-time', '20', '--cacert', files.ca, ...shown[who], ...headers]
    const { code, out, error } = await runProgram(curl, [...fixed, ...args, `${here.root}/${url}`])
    expect([code, error]).toEqual([0, ''])
    const end = out.lastIndexOf('\r\n\r\n')
    return { head: out.toString('latin1', 0, end), body: out.subarray(end + 4) }
  }

  test.each([
    ['TLS 1.2', ['--tlsv1.2', '--tls-max', '1.2']],
    ['TLS 1.3', ['--tlsv1.3']],
    ['HTTP/1.0', ['--http1.0']],
    ['an offer of HTTP/2, which is not taken up', ['--http2']],
  ])('a search by %s', async (_how, args) => {
    const { head, body } = await answerTo(args, 'rest:search:patient-1', patientSearch)
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(JSON.parse(body.toString())).toMatchObject({ resourceType: 'Bundle', total: 1 })
  })

  test('the wholly encoded form of the target', async () => {
    const { head } = await answerTo([], 'rest:search:patient-1', encodeURIComponent(patientSearch))
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('a compressed answer comes as the provider compressed it', async () => {
    const { head, body } = await answerTo(['-H', 'Accept-Encoding: gzip'], 'rest:read:metadata-1', `${world.root}/metadata`)
    expect(head).toMatch(/^content-encoding: gzip$/im)
    expect(JSON.parse(gunzipSync(body).toString())).toMatchObject({ resourceType: 'CapabilityStatement' })
  })

  test.each([
    ['of known length', []],
    ['in chunks', ['-H', 'Transfer-Encoding: chunked']],
    ['that waits for 100 Continue', ['-H', 'Expect: 100-continue', '--expect100-timeout', '10']],
  ])('an upload %s', async (_how, args) => {
    const file = join(here.directory, 'parameters.json')
    const valueIdentifier = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }
    await writeFile(
      file,
      JSON.stringify({
        resourceType: 'Parameters',
        parameter: [{ name: 'patientNHSNumber', valueIdentifier }, { name: 'includeProblems' }],
      }),
    )
    const { head, body } = await answerTo(
      ['-H', 'Content-Type: application/fhir+json', '--data-binary', `@${file}`, ...args],
      'operation:gpc.getstructuredrecord-1',
      `${world.root}/Patient/$gpc.getstructuredrecord`,
    )
    expect(head).toMatch(/^HTTP\/1\.1 (100 Continue\r\n\r\nHTTP\/1\.1 )?200 OK\r\n/)
    expect(head.startsWith('HTTP/1.1 100')).toBe(args.includes('Expect: 100-continue'))
    expect(JSON.parse(body.toString())).toMatchObject({ resourceType: 'Bundle' })
  })

  test.each([
    ['nobody', 496],
    ['bad', 495],
  ] as const)('a certificate of %s is refused with %i and a FHIR body', async (who, status) => {
    const { head, body } = await answerTo([], 'rest:search:patient-1', patientSearch, who)
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head).toMatch(/^connection: close$/im)
    expect(JSON.parse(body.toString())).toMatchObject({ resourceType: 'OperationOutcome' })
  })

  test('two calls share one connection', async () => {
    const url = `${here.root}/${patientSearch}`
    const { files } = here
    const headers = Object.entries(honestHeaders(`${gpConnect}:rest:search:patient-1`)).flatMap(([name, value]) => [
      '-H',
      `${name}: ${value}`,
    ])
    const { out } = await runProgram(curl, [
      ...['-sS', '-g', '--path-as-is', '--cacert', files.ca, '--cert', files.chain, '--key', files.key, ...headers],
      ...['-w', '%{http_code} %{num_connects}\\n', '-o', '/dev/null', '-o', '/dev/null', url, url],
    ])
    expect(out.toString()).toBe('200 1\n200 0\n')
  })
})
