import { X509Certificate } from 'node:crypto'
import { callControl } from '../../src/ops/control-client.ts'
import { admission } from '../../src/proxy/admission.ts'
import { type Call, call, tokenFor } from '../support/consumer.ts'
import { everyRefusalRecorded, refusedRecord } from '../support/expect-refusal.ts'
import { furtherProvider } from '../support/further-providers.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

/** A call that breaks exactly one row, and what breaks it: parts of a call that can be laid over each other, and a lockout. */
interface Breach {
  readonly row: string
  readonly call: (here: World) => Call
  readonly lockout?: (here: World) => Readonly<Record<string, string>>
}

const sha256 = (pem: string) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
const unshared = furtherProvider('unshared', 1)
const { consumer } = world

/** In the order of the table. Each one leaves the others' parts alone, so that any two can be combined. */
const breaches: readonly Breach[] = [
  { row: 'wire-form', call: () => ({ headers: { 'X-HTTP-Method-Override': 'PUT' } }) },
  { row: 'client-certificate', call: ({ certificates }) => ({ as: certificates.badExpired }) },
  {
    row: 'lockout',
    call: () => ({}),
    lockout: ({ certificates }) => ({ certificate: sha256(certificates.consumer.certificatePem) }),
  },
  { row: 'method', call: () => ({ method: 'DELETE' }) },
  { row: 'request-form', call: () => ({ headers: { 'Ssp-TraceID': 'x' } }) },
  { row: 'media-type', call: () => ({ headers: { Accept: 'text/html' } }) },
  { row: 'identity-binding', call: ({ certificates }) => ({ as: certificates.badFqdn }) },
  { row: 'lockout-sender', call: () => ({}), lockout: () => ({ asid: consumer.asid }) },
  { row: 'sender-interaction', call: () => ({ interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:nobody:holds-1' }) },
  { row: 'receiver-interaction', call: () => ({ headers: { 'Ssp-To': world.bareProvider.asid } }) },
  { row: 'lockout-endpoint', call: () => ({}), lockout: () => ({ endpoint: 'S9' + '1'.padStart(11, '0') }) },
  { row: 'data-sharing', call: () => ({}) },
  { row: 'registered-endpoint', call: () => ({ url: 'https://elsewhere.thirdparty.nhs.uk/Slot/1' }) },
  { row: 'interaction-form', call: () => ({ url: `${unshared.root}/Slot/1` }) },
  { row: 'access-token', call: () => ({ headers: { Authorization: `Bearer ${tokenFor(world.searchPatient, { iss: '' })}` } }) },
  { row: 'throttle', call: () => ({}) },
]

/** Every call goes to the further provider, which is shared in one world and not in another; in a third the rate is used up. */
let shared: World
let unsharing: World
let exhausted: World

beforeAll(async () => {
  const records = { systems: [unshared.system], endpoints: [unshared.endpoint] }
  const allowAll = [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }]
  const denyThis = [...allowAll, { reference: 'NOT', effect: 'deny', from: '*', to: { asid: unshared.asid }, interactions: ['*'] }]
  const oncePerAge = { ...everyRefusalRecorded, checks: { throttle: { requestsPerSecond: 0.001, burst: 1 } } }
  shared = await startWorld({ ...records, settings: everyRefusalRecorded, sharingRules: allowAll })
  unsharing = await startWorld({ ...records, settings: everyRefusalRecorded, sharingRules: denyThis })
  exhausted = await startWorld({ ...records, settings: oncePerAge, sharingRules: allowAll })
  // The one call of the burst, to a provider that is not there: it is taken from the rate all the same.
  await call(exhausted, base)
})
afterAll(async () => {
  for (const here of [shared, unsharing, exhausted]) await here.close()
})

const base: Call = { url: `${unshared.root}/Patient`, headers: { 'Ssp-To': unshared.asid } }

/** What an earlier row needs wins over what a later one does, header by header. */
function laidOver(here: World, broken: readonly Breach[]): Call {
  const parts = [base, ...[...broken].reverse().map((breach) => breach.call(here))]
  return Object.assign({}, ...parts, { headers: Object.assign({}, ...parts.map(({ headers }) => headers)) }) as Call
}

async function refusedBy(broken: readonly Breach[]): Promise<string> {
  const names = broken.map(({ row }) => row)
  const here = names.includes('throttle') ? exhausted : names.includes('data-sharing') ? unsharing : shared
  const made: string[] = []
  for (const { lockout } of broken) {
    if (lockout === undefined) continue
    const { body } = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { ...lockout(here), reason: 'test' })
    made.push((body as { id: string }).id)
  }
  try {
    const answer = await call(here, laidOver(here, broken))
    const record = await refusedRecord(here, answer)
    expect(record.rule).toBe(answer.verdict.rule)
    return record.rule === 'lockout' ? (/\((certificate|asid|endpoint)\)/.exec(record.reason)?.[1] ?? '') : record.rule
  } finally {
    for (const id of made) await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${id}`)
  }
}

/** Outside, the three lockout rows have one name; the audit's reason tells them apart. */
const told = (row: string) => ({ lockout: 'certificate', 'lockout-sender': 'asid', 'lockout-endpoint': 'endpoint' })[row] ?? row

test('the rows here are the rows of the list, in its order', () => {
  expect(breaches.map(({ row }) => row)).toEqual(admission.entries.map(({ name }) => name))
})

test.each(breaches.map((breach) => [breach.row, breach] as const))('a call that breaks %s alone is refused by it', async (row, breach) => {
  expect(await refusedBy([breach])).toBe(told(row))
})

const neighbours = breaches.slice(1).map((second, at) => [breaches[at]!.row, second.row, breaches[at]!, second] as const)

test.each(neighbours)('a call that breaks %s and %s is refused by the former', async (row, _next, first, second) => {
  expect(await refusedBy([first, second])).toBe(told(row))
})
