import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Installation, install } from '../../support/run-ssp.ts'

const metadata = 'urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1'
const target = 'https://provider.thirdparty.nhs.uk/T99999/STU3/1/metadata'

let here: Installation

beforeAll(async () => {
  here = await install()
})
afterAll(() => here.remove())

/** What explain makes of a command with these further options, over several lines as the README has it. */
async function explained(more: string, authorization = 'Bearer $token', traceId = "$(node -p 'crypto.randomUUID()')") {
  const saved = join(here.directory, 'call.sh')
  const lines = [
    'curl --silent --path-as-is --include --cacert certs-dev/ca.pem',
    `-H "Authorization: ${authorization}" -H "Ssp-TraceID: ${traceId}"`,
    `-H 'Ssp-From: 200000000359' -H 'Ssp-To: 918999198993' -H "Ssp-InteractionID: ${metadata}" ${more}`,
    `'https://localhost:8443/${target}'`,
  ]
  await writeFile(saved, `${lines.join(' \\\n  ')}\n`)
  const { code, out } = await here.run(['explain', '--curl', saved, '--fqdn', 'consumer.thirdparty.nhs.uk', '--json'])
  const { checks } = JSON.parse(out) as { checks: readonly { name: string; outcome: string }[] }
  return { code, refused: checks.filter(({ outcome }) => outcome === 'refuses').map(({ name }) => name) }
}

test.each([
  ['as the README has it', ''],
  ['without the expectation that curl has of large bodies', "-H 'Expect:'"],
  ['with nothing in Accept', "-H 'Accept:'"],
  ['with a name of the client', "-A 'their client/1.0' --tlsv1.2"],
])('a saved curl command is decided as the call that it makes: %s, it passes', async (_name, more) => {
  expect(await explained(more)).toEqual({ code: 0, refused: [] })
})

test('a token and a trace id in variables or substitutions are taken for good ones, and any other for what it is', async () => {
  expect(await explained('', 'Bearer $(cat token)', '$trace')).toEqual({ code: 0, refused: [] })
  expect(await explained('', 'Bearer a.b.', '$trace')).toEqual({ code: 1, refused: ['access-token'] })
  expect(await explained('', 'Bearer $token', '12')).toEqual({ code: 1, refused: ['request-form'] })
})

test('what makes the call another one is refused as that one would be', async () => {
  expect(await explained("-H 'Accept: text/html'")).toEqual({ code: 1, refused: ['media-type'] })
  expect(await explained("-d '{}' -H 'Content-Type: application/fhir+json'")).toMatchObject({ code: 1, refused: ['interaction-form'] })
})

test.each([
  ['in its target', "curl 'https://localhost/https://x/\u001b[2J\u202e'"],
  ['in an option', 'curl --o\u001b[2J https://localhost/'],
  ['in a header that is none', "curl -H '\u001b]0;title\u0007' https://localhost/"],
])('what somebody else wrote into the command does not steer the terminal: %s', async (_where, line) => {
  const saved = join(here.directory, 'hostile.sh')
  await writeFile(saved, line)
  const { out, error } = await here.run(['explain', '--curl', saved])
  expect(out + error).toContain('\ufffd')
  expect((out + error).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
})
