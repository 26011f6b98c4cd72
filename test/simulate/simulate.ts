// `npm run simulate`: the policies under a country's load, at virtual time. See its usage below.
import { tableText } from '../bench/table-text.ts'
import { readOptions } from '../support/command-line.ts'
import { whole } from '../support/option-kinds.ts'
import { assumptions } from './assumptions.ts'
import { type DayResult, day } from './day.ts'
import { type FairnessScene, fairness } from './fairness.ts'
import { lockoutDay } from './lockouts.ts'
import { type FairPair, type Promised, promisesOfDay, promisesOfFairness, promisesOfLockouts, promisesOfTrouble } from './promises.ts'
import { type Trouble, troubleScene } from './trouble.ts'

const kinds = [
  { workers: 4, serviceMs: 30, spread: 0.5, load: 0.3 },
  { workers: 8, serviceMs: 80, spread: 0.6, load: 0.4 },
  { workers: 8, serviceMs: 80, spread: 0.6, load: 0.6 },
  { workers: 16, serviceMs: 50, spread: 0.8, load: 0.6 },
  { workers: 32, serviceMs: 200, spread: 0.6, load: 0.5 },
  { workers: 64, serviceMs: 20, spread: 0.8, load: 0.4 },
] as const
const seeds = 9
const troubles: readonly Trouble[] = ['slow', 'flaps', 'hangs', 'answers-503']

const { values } = readOptions({
  command: 'npm run simulate --',
  purpose:
    "Plays a country's day at virtual time with the policies that ship: limits, queue, circuits and lockouts of many nodes, with and without trouble. Prints its\n" +
    'assumptions, its figures and what is promised. The whole takes some five minutes.',
  options: {
    nodes: whole('proxies', { otherwise: 300, to: 100_000 }),
    consumers: whole('consumers', { otherwise: 20_000, to: 10_000_000 }),
    providers: whole('providers', { otherwise: 8_000, to: 10_000_000 }),
    peak: whole('calls a second at the peak', { otherwise: 3_000, to: 1_000_000 }),
    hours: whole('hours of the day, from seven on', { otherwise: 12, to: 24 }),
    seconds: whole('seconds of each hour that are played', { otherwise: 60, to: 3_600 }),
    lockouts: whole('changes of lockouts', { otherwise: 200, to: 1_000_000 }),
    seed: whole('where the random numbers begin', { otherwise: 1 }),
  },
  exits: { 0: 'every promise holds', 1: 'one is missed: the lines MISSED' },
})

async function main(): Promise<boolean> {
  const { nodes, seed, seconds: secondsPerHour, peak: peakPerSecond } = values
  const plan = { nodes, seed, secondsPerHour, peakPerSecond, consumers: values.consumers, providers: values.providers, hours: values.hours }
  const began = performance.now()
  say(`${nodes} nodes, ${plan.consumers} consumers, ${plan.providers} providers, ${plan.hours} hours from seven on; seed ${seed}`, '')
  say('Assumptions', ...assumptions(peakPerSecond, secondsPerHour).map((one) => `- ${one}`), '')

  const quiet = await day({ ...plan, abuser: false })
  const abused = await day({ ...plan, abuser: true })
  say('The day, without and with one consumer at 100 × its share from the middle of it on', dayTable(quiet, abused), '')

  const pairs: FairPair[] = []
  for (const kind of kinds)
    for (let nth = 0; nth < seeds; nth++) {
      const scene: FairnessScene = { ...kind, abuse: 100, from: 40, seconds: 300, seed: seed + nth }
      pairs.push({ scene, alone: await fairness({ ...scene, abuse: 0 }), abused: await fairness(scene) })
    }
  say('One provider behind one node: twenty others, and one consumer at 100 × their share', fairTable(pairs), '')

  const lockouts = await lockoutDay({ nodes, lockouts: values.lockouts, seed })
  const { acknowledged } = lockouts
  say(
    `Lockouts: ${lockouts.changes} changes a second apart`,
    `  ${lockouts.commandsPerSecond.toFixed(0)} commands a second on Redis, beats included; a change makes ${lockouts.commandsPerChange.toFixed(0)} commands and ${lockouts.deliveriesPerChange.toFixed(0)} deliveries`,
    `  on every disk after p50 ${acknowledged.p50.toFixed(0)} ms, p99 ${acknowledged.p99.toFixed(0)} ms; the longest, made on a node while it was cut off, after ${(acknowledged.max / 1_000).toFixed(1)} s`,
    '',
  )

  const promises: Promised[] = [...promisesOfDay(quiet, abused, plan), ...promisesOfFairness(pairs), ...promisesOfLockouts(lockouts)]
  for (const trouble of troubles) promises.push(...promisesOfTrouble(trouble, await troubleScene(trouble, seed)))
  say('Promises', ...promises.map(({ what, holds, figure }) => `  ${holds ? 'holds ' : 'MISSED'}  ${what}: ${figure}`), '')
  say(`${((performance.now() - began) / 1_000).toFixed(0)} s, ${quiet.events + abused.events} events in the two days`)
  return promises.every(({ holds }) => holds)
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function dayTable(quiet: DayResult, abused: DayResult): string {
  const row = (name: string, of: (day: DayResult) => string | number): string[] => [name, String(of(quiet)), String(of(abused))]
  return tableText([
    ['', 'without', 'with'],
    row('calls', ({ calls }) => calls),
    row('answered', ({ answered }) => answered),
    row('honest calls to providers that are well', ({ honest }) => honest.calls),
    row('  refused by a limit', ({ honest }) => honest.overRate),
    row('  refused for want of room', ({ honest }) => honest.noRoom),
    row('  p50, ms', ({ honest }) => honest.p50.toFixed(0)),
    row('  p99, ms', ({ honest }) => honest.p99.toFixed(0)),
    row("others' calls to the provider aimed at", ({ beside }) => beside.calls),
    row('  lost', ({ beside }) => beside.lost),
    row('  p99, ms', ({ beside }) => beside.p99.toFixed(0)),
    row('calls to providers in trouble', ({ troubled }) => troubled.calls),
    row('  spared, the circuit being open', ({ troubled }) => troubled.spared),
    row('operations on Redis', ({ operations }) => operations),
    row('  a second', ({ operationsPerSecond }) => operationsPerSecond.toFixed(0)),
    row('  a call', ({ operations, calls }) => (operations / calls).toFixed(2)),
    row('  buckets leased from, each', ({ asks, operations }) => (asks / operations).toFixed(2)),
    row('  the longest, ms', ({ longestOperationMs }) => longestOperationMs.toFixed(1)),
  ])
}

function fairTable(pairs: readonly FairPair[]): string {
  const ms = (value: number): string => value.toFixed(0)
  return tableText([
    ['calls at a time × ms, used by the others, seed', 'p50 alone', 'p99', 'p50 abused', 'p99', 'moved', 'at provider', 'abuser served'],
    ...pairs.map(({ scene, alone, abused }) => [
      `${scene.workers} × ${scene.serviceMs}, ${scene.load * 100} %, ${scene.seed}`,
      ...[ms(alone.p50), ms(alone.p99), ms(abused.p50), ms(abused.p99)],
      `${((abused.p99 / alone.p99 - 1) * 100).toFixed(1)} %`,
      `${alone.atProvider.toFixed(1)} → ${abused.atProvider.toFixed(1)}`,
      `${((abused.abuserServed / abused.abuserSent) * 100).toFixed(0)} %`,
    ]),
  ])
}

process.exitCode = (await main()) ? 0 : 1
