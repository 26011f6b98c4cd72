import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Call, call, honestHeaders, tokenFor } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

interface Explained {
  readonly forwarded: boolean
  readonly checks: readonly { readonly name: string; readonly outcome: string; readonly reason?: string }[]
  readonly answer?: { readonly status: number; readonly rule: string; readonly verdict: string }
}

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const patients = `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`

/** Asks `ssp explain` about the very call that is made, by the proxy's own settings. */
async function explained(change: Call): Promise<{ readonly code: number | null; readonly found: Explained }> {
  const headers = { ...honestHeaders(change.interaction ?? world.searchPatient), ...change.headers }
  const who = change.as === undefined ? here.certificates.consumer : change.as
  const certificate = join(here.directory, 'explained.pem')
  if (who !== null) await writeFile(certificate, who.chainPem)
  const run = await runSsp(
    [
      ...['explain', '--json', '--method', change.method ?? 'GET', '--url', change.url ?? patients],
      ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value ?? ''}`]),
      ...(who === null ? [] : ['--certificate', certificate]),
    ],
    { SSP_CONFIG: join(here.directory, 'config.yaml') },
  )
  expect(run.error).toBe('')
  return { code: run.code, found: JSON.parse(run.out) as Explained }
}

test('a call that passes: every check does, and the running proxy knows nothing of it', async () => {
  const before = here.audit().length
  const { code, found } = await explained({})
  expect([code, found.forwarded]).toEqual([0, true])
  expect(found.checks.filter(({ outcome }) => outcome !== 'passes')).toEqual([])
  expect(here.audit()).toHaveLength(before)
  expect((await call(here)).status).toBe(200)
})

const breaches: readonly (readonly [row: string, change: (here: World) => Call])[] = [
  ['wire-form', () => ({ headers: { 'X-HTTP-Method-Override': 'PUT' } })],
  ['client-certificate', () => ({ as: null })],
  ['client-certificate', ({ certificates }) => ({ as: certificates.badExpired })],
  ['client-certificate', ({ certificates }) => ({ as: certificates.badRevoked })],
  ['client-certificate', ({ certificates }) => ({ as: certificates.badAuthority })],
  ['method', () => ({ method: 'DELETE' })],
  ['request-form', () => ({ headers: { 'Ssp-TraceID': 'x' } })],
  ['media-type', () => ({ headers: { Accept: 'text/html' } })],
  ['identity-binding', ({ certificates }) => ({ as: certificates.badFqdn })],
  ['sender-interaction', () => ({ interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:nobody:holds-1' })],
  ['receiver-interaction', () => ({ headers: { 'Ssp-To': world.bareProvider.asid } })],
  ['receiver-interaction', () => ({ headers: { 'Ssp-To': '999999999999' } })],
  ['registered-endpoint', () => ({ url: 'https://elsewhere.thirdparty.nhs.uk/Slot/1' })],
  ['interaction-form', () => ({ url: `${world.root}/Slot/1` })],
  ['access-token', () => ({ headers: { Authorization: `Bearer ${tokenFor(world.searchPatient, { iss: '' })}` } })],
]

test.each(breaches)('a call that breaks %s: what is told is what the wire says', async (row, change) => {
  const made = change(here)
  const { code, found } = await explained(made)
  const answer = await call(here, made)
  expect(answer.verdict.rule).toBe(row)
  expect(found.answer).toMatchObject({ status: answer.status, rule: row, verdict: answer.code })
  expect(found.checks.find(({ outcome }) => outcome === 'refuses')?.name).toBe(row)
  expect(code).toBe(1)
})

test('behind a refusal the further faults are told too, and what cannot be decided says what it lacks', async () => {
  const { found } = await explained({
    as: here.certificates.badExpired,
    headers: { 'Ssp-To': world.bareProvider.asid, Accept: 'text/html' },
  })
  const outcomes = Object.fromEntries(found.checks.map(({ name, outcome }) => [name, outcome]))
  expect(outcomes).toMatchObject({
    ...{ 'wire-form': 'passes', 'client-certificate': 'refuses', lockout: 'undecided', 'media-type': 'refuses' },
    ...{ 'identity-binding': 'undecided', 'receiver-interaction': 'refuses', throttle: 'undecided' },
  })
  expect(found.answer?.rule).toBe('client-certificate')
})
