// `npm run flood`: callers that may not fill the disk, as fast as they can, beside an honest consumer (threat O3). See its usage below.
import { X509Certificate } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { callControl } from '../../src/ops/control-client.ts'
import { accountsOf, refusedByRule } from '../support/accounts.ts'
import { segmentsOf } from '../support/audit-log-text.ts'
import { readOptions } from '../support/command-line.ts'
import { call } from '../support/consumer.ts'
import { type Held, heldWhenIdle, leaks } from '../support/held.ts'
import { positive, whole } from '../support/option-kinds.ts'
import { world as cast } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { type FloodTally, floodCaller, floodKinds } from './callers.ts'

const { values } = readOptions({
  command: 'npm run flood --',
  purpose:
    'Callers of every kind that may not fill the disk call a proxy in a process of its own as fast as they can, while an honest consumer calls (threat O3). Prints\n' +
    'what was sent and what the audit accounts for.',
  options: {
    minutes: positive('how long', { otherwiseSaid: '1' }),
    seconds: positive('the same in seconds'),
    callers: whole('callers of each kind', { otherwise: 8, to: 1000 }),
  },
  exits: {
    0: 'nothing was lost, nothing leaked, the log stayed small, and every honest call was answered',
    1: 'something was wrong: the lines FAULT',
  },
  wrong: ({ minutes, seconds }) => (minutes !== undefined && seconds !== undefined ? '--minutes and --seconds say the same' : undefined),
})
const seconds = values.seconds ?? (values.minutes ?? 1) * 60
const { callers } = values
/** Of an honest consumer: milliseconds between two calls. */
const honestEveryMs = 100
/** The flood rule lets a hundred refused calls a second have a record of their own; with its line, its proof and its share of counts each is below this. */
const mostBytesASecond = 100 * 2_500
const limit = { requestsPerSecond: 1, burst: 1 }
/** So that the one beyond its rate is refused for nothing else. */
const everybody = [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }]

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function lockOut(world: WorldProcess): Promise<void> {
  const certificate = new X509Certificate(world.certificates.badFqdn.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
  const answer = await callControl(join(world.directory, 'data', 'ssp.sock'), 'POST', '/lockouts', { certificate, reason: 'flood' })
  if (answer.status !== 201) throw new Error(`the lockout was answered ${answer.status}`)
}

/** Calls now and then until it is told to stop; gives every answer's status but 200, and how many there were. */
async function honestConsumer(world: WorldProcess, goesOn: () => boolean): Promise<{ readonly calls: number; readonly faults: string[] }> {
  const faults: string[] = []
  let calls = 0
  while (goesOn()) {
    calls++
    const status = await call(world).then(
      (answer) => answer.status,
      (error: unknown) => String(error),
    )
    if (status !== 200) faults.push(`an honest call was answered ${status}`)
    await pause(honestEveryMs)
  }
  return { calls, faults }
}

async function logBytes(world: WorldProcess): Promise<number> {
  const sizes = await Promise.all(segmentsOf(join(world.directory, 'data', 'audit', 'test-main')).map((path) => stat(path)))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}

/** Every answer of a kind has its refused call in the audit, and there are no others. Where calls broke off without an answer the audit may have more. */
function faultsOfKind(rule: string, tallies: ReadonlyMap<string, FloodTally>, audited: number): readonly string[] {
  const kinds = floodKinds.filter((kind) => kind.rule === rule)
  let [answered, broken] = [0, 0]
  for (const { name, status } of kinds) {
    const tally = tallies.get(name)
    answered += tally?.statuses.get(status) ?? 0
    broken += [...(tally?.unanswered.values() ?? [])].reduce((sum, one) => sum + one, 0)
  }
  const right = audited >= answered && audited <= answered + broken
  return right ? [] : [`${rule}: ${answered} calls were refused and ${broken} broke off, and the audit accounts for ${audited}`]
}

function heldText({ files, residentBytes, heapBytes }: Held): string {
  const megabytes = (bytes: number) => (bytes / 1_048_576).toFixed(1)
  return `${files} open files, ${megabytes(residentBytes)} MB resident, ${megabytes(heapBytes)} MB of heap`
}

const world = await startWorldProcess({
  collects: true,
  sharingRules: everybody,
  settings: { checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, perSystem: { [cast.stranger.asid]: limit } } } },
})
try {
  await lockOut(world)
  const tallies = new Map(floodKinds.map(({ name }) => [name, { statuses: new Map(), unanswered: new Map() } satisfies FloodTally]))
  const target = { port: world.proxy.dataPort, certificates: world.certificates }
  const flood = async (until: number): Promise<Awaited<ReturnType<typeof honestConsumer>>> => {
    const goesOn = (): boolean => performance.now() < until
    const attackers = floodKinds.flatMap((kind) =>
      Array.from({ length: callers }, () => floodCaller(target, kind, tallies.get(kind.name) as FloodTally, goesOn)),
    )
    const honest = await honestConsumer(world, goesOn)
    await Promise.all(attackers)
    return honest
  }
  // What grows once, at the first calls, is no leak.
  const first = await flood(performance.now() + Math.min(5, seconds / 4) * 1000)
  const before = await heldWhenIdle(world)
  const bytes = await logBytes(world)
  const from = performance.now()
  const { calls, faults } = await flood(from + seconds * 1000)
  const took = (performance.now() - from) / 1000
  const after = await heldWhenIdle(world)
  const grown = (await logBytes(world)) - bytes
  const accounts = await accountsOf(world)
  const entries = world.audit()
  const audited = refusedByRule(entries)

  say(`${took.toFixed(0)} s, ${callers} callers of each kind`)
  for (const { name, rule } of floodKinds) {
    const { statuses, unanswered } = tallies.get(name) as FloodTally
    const answers = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
    const broken = [...unanswered].map(([why, count]) => `; ${count} × ${why}`).join('')
    say(`  ${name} (${rule}): ${answers}${broken}`)
  }
  for (const [rule, { single, counted }] of audited) say(`  audit, ${rule}: ${single} singly, ${counted} as counts`)
  say(`honest calls: ${first.calls + calls}`)
  say(`log: ${(grown / 1024).toFixed(0)} KiB more, ${(grown / took / 1024).toFixed(1)} KiB a second`)
  say(`audit: ${accounts.exchanges} exchanges, ${accounts.recorded} of them in it`)
  say(`before: ${heldText(before)}`)
  say(`after:  ${heldText(after)}`)

  const honestCalls = first.calls + calls
  const outcomes = entries.filter((entry) => entry.type === 'outcome').length
  // A caller beyond its rate has its rate.
  const allowed = tallies.get('beyond its rate')?.statuses.get(200) ?? 0
  const all = [
    ...first.faults,
    ...faults,
    ...accounts.faults,
    ...leaks(before, after),
    ...[...new Set(floodKinds.map(({ rule }) => rule))].flatMap((rule) => {
      const { single, counted } = audited.get(rule) ?? { single: 0, counted: 0 }
      return faultsOfKind(rule, tallies, single + counted)
    }),
    ...(outcomes === honestCalls + allowed ? [] : [`${honestCalls} honest calls and ${allowed} within the rate have ${outcomes} outcomes`]),
    ...(grown <= mostBytesASecond * took ? [] : [`the log grew by ${grown} bytes in ${took.toFixed(0)} s`]),
  ]
  for (const fault of all) say(`FAULT ${fault}`)
  say(`${all.length} faults`)
  process.exitCode = all.length === 0 ? 0 : 1
} finally {
  await world.close()
}
