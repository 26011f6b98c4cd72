import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { callControl } from '../../src/ops/control-client.ts'
import { type Answer, type Call, call, tokenFor } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

interface Told {
  readonly calls: number
  readonly consumers: number
  readonly groups: readonly {
    readonly from?: string
    readonly organisation?: string
    readonly before?: { readonly rule: string }
    readonly now?: { readonly rule: string; readonly code: string; readonly status: number }
    readonly count: number
    readonly exchanges: readonly string[]
  }[]
}
interface Replay {
  readonly calls: number
  readonly wouldRefuse: Told
  readonly wouldPass: Told
  readonly otherRule: Told
  readonly unjudged: Readonly<Record<string, number>>
  readonly sealed: number
}
type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const documents = 'urn:nhs:names:services:gpconnect:documents:fhir:rest:search:patient-1'
/** Names two hosts, of which its subject tells one, and that one is registered for nobody. */
const twoNames = 'both.thirdparty.nhs.uk'

let here: World
/** Every kind of call that was recorded, by what became of it. */
const made: Record<string, Answer> = {}

beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
  const { certificates } = here
  const other = await certificates.intermediate.issue({
    cn: twoNames,
    dnsNames: [twoNames, world.consumer.fqdn],
    usages: ['clientAuth'],
  })
  const calls: Readonly<Record<string, Call>> = {
    passes: {},
    again: {},
    documents: { interaction: documents, url: `${world.root}/documents/Patient?identifier=x` },
    twoNames: { as: other },
    badCertificate: { as: certificates.badExpired },
    noCertificate: { as: null },
    wrongAccept: { headers: { Accept: 'text/html' } },
    stranger: { as: certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } },
    wrongPath: { url: `${world.root}/Slot/1` },
    oddReason: { headers: { Authorization: `Bearer ${tokenFor(world.searchPatient, { reason_for_request: 'research' })}` } },
    signed: { headers: { Authorization: `Bearer ${tokenFor(world.searchPatient)}c2ln` } },
    noToken: { headers: { Authorization: undefined } },
    badForm: { headers: { 'X-HTTP-Method-Override': 'PUT' } },
    deletes: { method: 'DELETE' },
  }
  for (const [name, one] of Object.entries(calls)) made[name] = await call(here, one)
  const lockout = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.consumer.asid, reason: 'test' })
  made['lockedOut'] = await call(here)
  await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${(lockout.body as { id: string }).id}`)
  await until('every call is recorded to its end', async () => {
    const audit = here.audit()
    const ends = audit.filter(({ type }) => type === 'outcome' || type === 'refused')
    return ends.length === Object.keys(made).length
  })
})
afterAll(() => here.close())

/** Replays by settings that differ in these sections, in a folder of their own. */
async function replayed(change: Settings, ...args: readonly string[]) {
  const settings = JSON.parse(await readFile(join(here.directory, 'config.yaml'), 'utf8')) as Record<string, object>
  const file = join(here.directory, 'other.yaml')
  await writeFile(
    file,
    JSON.stringify({ ...settings, ...Object.fromEntries(Object.entries(change).map(([k, v]) => [k, { ...settings[k], ...v }])) }),
  )
  const sent = { requests: here.provider.received.length, connections: here.provider.connections.accepted }
  const run = await runSsp(['replay', '--config', file, '--json', ...args])
  expect(run.error).toBe('')
  expect({ requests: here.provider.received.length, connections: here.provider.connections.accepted }).toEqual(sent)
  return { code: run.code, report: JSON.parse(run.out) as Replay }
}

const idsOf = ({ groups }: Told) => groups.flatMap(({ exchanges }) => exchanges).toSorted()
const exchangesOf = (...names: readonly string[]) => names.map((name) => made[name]?.exchange).toSorted()

test('by the settings and directory that decided, every call is decided as it was', async () => {
  expect(Object.fromEntries(Object.entries(made).map(([name, { verdict }]) => [name, verdict.rule]))).toMatchObject({
    ...{ passes: 'provider-exchange', documents: 'provider-exchange', twoNames: 'provider-exchange', stranger: 'data-sharing' },
    ...{ badCertificate: 'client-certificate', wrongAccept: 'media-type', wrongPath: 'interaction-form', oddReason: 'access-token' },
    ...{ signed: 'access-token', noToken: 'request-form', badForm: 'wire-form', deletes: 'method', lockedOut: 'lockout' },
  })
  const { code, report } = await replayed({})
  expect(report).toMatchObject({
    calls: Object.keys(made).length,
    wouldRefuse: { calls: 0 },
    wouldPass: { calls: 0 },
    otherRule: { calls: 0 },
  })
  expect(code).toBe(0)
})

test('a tighter limit refuses the calls that it would have refused at their times', async () => {
  const { code, report } = await replayed({ checks: { throttle: { requestsPerSecond: 0.001, burst: 1 } } })
  expect(report.wouldRefuse).toMatchObject({
    ...{ calls: 3, consumers: 1 },
    groups: [
      {
        ...{ from: world.consumer.asid, organisation: world.consumer.odsCode, count: 3 },
        now: { rule: 'throttle', code: 'TOO_MANY_REQUESTS', status: 429 },
      },
    ],
  })
  expect(idsOf(report.wouldRefuse)).toEqual(exchangesOf('again', 'documents', 'twoNames'))
  expect(code).toBe(1)
})

test('calls at once are counted from a call’s record to its outcome', async () => {
  // They came one after the other: a place was always free again.
  const { report } = await replayed({ checks: { throttle: { concurrent: 1 } } })
  expect(report.wouldRefuse.calls).toBe(0)
})

/** A folder with a directory like the one in force, but for the consumer's interactions and the data-sharing rules. */
async function directoryWith(held: (id: string) => boolean, sharing: object | undefined): Promise<string> {
  const next = await mkdtemp(join(here.directory, 'next-'))
  const registry = JSON.parse(await readFile(join(here.directory, 'registry.yaml'), 'utf8')) as {
    readonly systems: readonly { readonly asid: string; readonly interactions: readonly string[] }[]
  }
  const systems = registry.systems.map((one) =>
    one.asid === world.consumer.asid ? { ...one, interactions: one.interactions.filter(held) } : one,
  )
  await writeFile(join(next, 'registry.yaml'), JSON.stringify({ ...registry, systems }))
  if (sharing === undefined) await cp(join(here.directory, 'sharing.yaml'), join(next, 'sharing.yaml'))
  else await writeFile(join(next, 'sharing.yaml'), JSON.stringify(sharing))
  return next
}

const everybody = { rules: [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }] }

test('another directory, by its folder: who may do less, and who may do more', async () => {
  const stricter = await replayed({}, '--registry', await directoryWith((id) => id !== documents, undefined))
  expect(idsOf(stricter.report.wouldRefuse)).toEqual(exchangesOf('documents'))
  expect(stricter.report.wouldRefuse.groups[0]?.now).toEqual({ rule: 'sender-interaction', code: 'SENDER_NOT_ACCREDITED', status: 403 })
  const { code, report } = await replayed({}, '--registry', await directoryWith(() => true, everybody))
  // Its token is the other consumer's, which is only ever remarked: nothing else keeps it out.
  expect(idsOf(report.wouldPass)).toEqual(exchangesOf('stranger'))
  expect(report.wouldPass.groups[0]).toMatchObject({ from: world.stranger.asid, before: { rule: 'data-sharing' } })
  expect(code).toBe(0)
})

test('a rule of the token that is loosened lets claims pass, and no signature', async () => {
  const { report } = await replayed({ checks: { 'access-token': { reasonsForRequest: ['directcare', 'migration', 'research'] } } })
  expect(idsOf(report.wouldPass)).toEqual(exchangesOf('oddReason'))
})

test('what the record does not hold stands: a method that is allowed now passes as far as it can be told, and what it was not asked is named', async () => {
  const { report } = await replayed({ checks: { method: { allowed: ['GET', 'POST', 'PUT', 'DELETE'] } } })
  // A DELETE is no form of the interaction.
  expect(idsOf(report.otherRule)).toEqual(exchangesOf('deletes'))
  expect(report.otherRule.groups[0]?.now?.rule).toBe('interaction-form')
  const both = await replayed({ checks: { method: { allowed: ['GET', 'DELETE'] }, 'interaction-form': { mode: 'observe' } } })
  expect(idsOf(both.report.wouldPass)).toEqual(exchangesOf('deletes', 'wrongPath'))
  expect(both.report.unjudged).toEqual({ 'media-type': 1, 'lockout-sender': 1, 'lockout-endpoint': 1 })
})

test('a check that only observes now lets its refusals pass, of what is not recorded too', async () => {
  const { report } = await replayed({ checks: { 'media-type': { mode: 'observe' } } })
  expect(idsOf(report.wouldPass)).toEqual(exchangesOf('wrongAccept'))
})

test('of one consumer alone is told, and the others use up limits all the same', async () => {
  const next = await directoryWith(() => true, everybody)
  const asked = ['--registry', next, '--consumer', world.stranger.asid]
  const limitedTo = (burst: number) => ({ checks: { throttle: { limits: { provider: { requestsPerSecond: 0.001, burst } } } } })
  const [enough, used] = [await replayed(limitedTo(5), ...asked), await replayed(limitedTo(4), ...asked)]
  expect(enough.report).toMatchObject({ calls: 1, wouldPass: { calls: 1 }, otherRule: { calls: 0 } })
  expect(used.report).toMatchObject({ calls: 1, wouldPass: { calls: 0 }, otherRule: { calls: 1, groups: [{ now: { rule: 'throttle' } }] } })
})

test('the names of a certificate are recorded where its subject does not tell them', () => {
  const named = here.audit().flatMap((entry) => ('consumer' in entry && entry.consumer.certificateNames ? [entry] : []))
  expect(named).toMatchObject([{ exchange: made['twoNames']?.exchange, consumer: { certificateNames: [twoNames, world.consumer.fqdn] } }])
})

test('of a copy whose key is destroyed the rest is decided: what it asks of a URL and of claims stands', async () => {
  const copy = join(here.directory, 'copy')
  await cp(join(here.directory, 'data'), copy, { recursive: true, filter: (path) => !/ssp\.sock$|-\d\d\.key$/.test(path) })
  const changed = { reasonsForRequest: ['research'] }
  const { report } = await replayed({ checks: { 'access-token': changed, method: { allowed: ['POST'] } } }, '--data', copy)
  expect(report).toMatchObject({ calls: Object.keys(made).length, sealed: Object.keys(made).length })
  expect(idsOf(report.wouldRefuse)).toEqual(exchangesOf('passes', 'again', 'documents', 'twoNames'))
  expect(report.wouldRefuse.groups.map(({ now }) => now?.rule)).toEqual(['method'])
  const { report: claims } = await replayed({ checks: { 'access-token': changed } }, '--data', copy)
  expect([claims.wouldRefuse.calls, claims.wouldPass.calls]).toEqual([0, 0])
})

test('for a person: the sentence, the list, and the look is recorded', async () => {
  const config = join(here.directory, 'config.yaml')
  const run = await runSsp(['replay', '--config', config, '--since', '1h'], {
    SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND: '0.001',
    SSP_CHECKS__THROTTLE__BURST: '1',
  })
  expect(run).toMatchObject({ code: 1, error: '' })
  expect(run.out).toMatch(
    /^15 calls from .* decided by settings [0-9a-f]{16} and directory [0-9a-f]{16}\n\nwould refuse 3 calls of 1 consumer\n/,
  )
  expect(run.out).toContain(`  ${world.consumer.asid} (T77777)         3  throttle 429 TOO_MANY_REQUESTS\n`)
  expect(run.out).toContain(`: ${made['again']?.exchange} …\n`)
  const { out } = await runSsp(['audit', 'events', '--act', 'replay', '--json', '--limit', '1'], { SSP_CONFIG: config })
  expect(JSON.parse(out)).toMatchObject({
    events: [{ log: 'test/cli', actor: expect.stringMatching(/^cli:\d+$/), detail: { settings: expect.any(String) } }],
  })
  expect(await runSsp(['replay', '--config', config, '--since', '2026-13-01'])).toMatchObject({ code: 64 })
  const nobody = await runSsp(['replay', '--config', config, '--consumer', '999999999999'])
  expect(nobody).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^0 calls .*\n\nno such call is recorded: nothing was decided again\n/),
  })
})
