import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { honestHeaders } from '../support/consumer.ts'
import { type DemoWorld, startDemoWorld } from '../support/demo-world.ts'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { world } from '../support/start-world.ts'

const program = fileURLToPath(new URL('java/Consumer.java', import.meta.url))

whereInstalled('java', (java) => {
  let here: DemoWorld
  beforeAll(async () => {
    here = await startDemoWorld()
  })
  afterAll(() => here.close())

  /** Makes Java's calls with these headers and returns what it prints, by lines. */
  async function calls(
    protocol: string,
    headers: Readonly<Record<string, string>>,
    ...made: readonly (readonly [string, string, string])[]
  ) {
    const { files, directory, root } = here
    const list = join(directory, 'headers.txt')
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)
    await writeFile(list, lines.join(''))
    const each = made.flatMap(([method, url, body]) => [method, `${root}/${url}`, body])
    const { code, out, error } = await runProgram(java, [program, files.ca, files.chain, files.key, protocol, list, ...each])
    expect([code, error]).toEqual([0, ''])
    return out.toString().trim().split('\n')
  }

  test.each(['TLSv1.2', 'TLSv1.3'])(
    'java: calls over %s, the first with the certificate that it chose by the names of the anchors',
    async (protocol) => {
      const search = encodeURI(`${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`).replaceAll('|', '%7C')
      const headers = honestHeaders('urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1')
      const lines = await calls(protocol, headers, ['GET', search, '-'], ['GET', search, '-'])
      for (const line of lines) expect(line).toMatch(new RegExp(`^${protocol} 200 origin=none \\d+ [0-9a-f]{64}$`))
      expect(lines).toHaveLength(2)
    },
    60_000,
  )

  test('java: an operation with a body, whose answer’s digest is the audit’s', async () => {
    const body = join(here.directory, 'parameters.json')
    const valueIdentifier = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }
    const text = JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'patientNHSNumber', valueIdentifier }, { name: 'includeProblems' }],
    })
    await writeFile(body, text)
    const headers = {
      ...honestHeaders('urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'),
      'Content-Type': 'application/fhir+json',
    }
    const [line = ''] = await calls('TLSv1.3', headers, ['POST', `${world.root}/Patient/$gpc.getstructuredrecord`, body])
    const [, status, origin, bytes, responseSha256] = line.split(' ')
    expect([status, origin]).toEqual(['200', 'origin=none'])
    const requestSha256 = createHash('sha256').update(text).digest('hex')
    const outcome = here.audit().findLast((entry) => entry.type === 'outcome')
    expect(outcome).toMatchObject({ responseBytes: Number(bytes), requestBytes: text.length, personal: { requestSha256, responseSha256 } })
  })
})
