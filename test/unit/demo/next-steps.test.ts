import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { curlCommand, nextSteps, shellQuoted } from '../../../demo/next-steps.ts'
import { styleFor } from '../../../demo/style.ts'

const run = promisify(execFile)
const address = { dataPort: 9443, opsPort: 9444, certificates: 'certs-dev', traceId: '629ea9ba-a077-4d99-b289-7a9b19fd4e03' }

test('a shell takes the curl command apart into exactly the words that curl is to get', async () => {
  // curl and npx are functions of the shell here: the one prints its words, the other stands for the token.
  const script = `curl() { printf '%s\\n' "$@"; }; npx() { printf 'a.b.'; }; ${curlCommand(address)}`
  const { stdout } = await run('sh', ['-c', script])
  expect(stdout.trimEnd().split('\n')).toEqual([
    '--path-as-is',
    '--include',
    ...['--cacert', 'certs-dev/ca.pem', '--cert', 'certs-dev/consumer.pem', '--key', 'certs-dev/consumer.key'],
    ...['-H', 'Authorization: Bearer a.b.'],
    ...['-H', 'Ssp-TraceID: 629ea9ba-a077-4d99-b289-7a9b19fd4e03'],
    ...['-H', 'Ssp-From: 200000000359', '-H', 'Ssp-To: 918999198993'],
    ...['-H', 'Ssp-InteractionID: urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1'],
    'https://localhost:9443/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018',
  ])
})

test('a folder with a space or a quote in its name stays one word', async () => {
  for (const folder of ['my certs', "it's", '$HOME', 'a;b']) {
    const { stdout } = await run('sh', ['-c', `printf '%s' ${shellQuoted(folder)}`])
    expect(stdout).toBe(folder)
  }
})

test('what to do next names the audit, the checks and every bad certificate', () => {
  const text = nextSteps(address, styleFor({}, {}))
  for (const part of [
    'npx ssp audit verify',
    'npx ssp describe',
    'bad-expired',
    'bad-revoked',
    'bad-fqdn',
    'bad-authority',
    'bad-eku',
    ':9444/readyz?verbose',
  ])
    expect(text).toContain(part)
})
