import type { DayResult } from './day.ts'
import type { FairnessResult, FairnessScene } from './fairness.ts'
import type { LockoutResult } from './lockouts.ts'
import type { Trouble, TroubleResult } from './trouble.ts'

/** Something that is promised, whether it holds, and the figure. */
export interface Promised {
  readonly what: string
  readonly holds: boolean
  readonly figure: string
}

/** A scene of fairness without and with the abuser. */
export interface FairPair {
  readonly scene: FairnessScene
  readonly alone: FairnessResult
  readonly abused: FairnessResult
}

/** How much the others' p99 moved. */
export function movedBy({ alone, abused }: FairPair): number {
  return abused.p99 / alone.p99 - 1
}

/** What a day without and one with an abuser must show. */
export function promisesOfDay(
  quiet: DayResult,
  abused: DayResult,
  { nodes, secondsPerHour }: { readonly nodes: number; readonly secondsPerHour: number },
): readonly Promised[] {
  const operations = (day: DayResult): number => day.operations / day.calls
  const turnedAway = Math.max(...[quiet, abused].map(({ honest }) => (honest.overRate + honest.noRoom) / honest.calls))
  const share = Math.max(quiet.large.share, abused.large.share)
  const perNode = Math.max(quiet.small.perNode, abused.small.perNode)
  const { sent, passed, seconds, limitPerSecond } = abused.abuser
  return [
    promised('limits of 100/s and more: passed beyond one exact bucket, at most 5 %', share <= 0.05, percent(share)),
    promised(
      `limits below: passed beyond one exact bucket, at most 1 request a node (${nodes} nodes)`,
      perNode <= 1,
      `${perNode.toFixed(2)} a node`,
    ),
    promised(
      `the abuser's ${(sent / seconds).toFixed(0)}/s come down to its limit of ${limitPerSecond}/s, but for bursts and one request a node`,
      passed <= limitPerSecond * seconds + (2 * limitPerSecond + nodes) * Math.ceil(seconds / secondsPerHour),
      `${(passed / seconds).toFixed(1)}/s`,
    ),
    promised('honest calls within their limits that were turned away, at most 0.5 %', turnedAway <= 0.005, percent(turnedAway)),
    promised('operations on Redis a call, at most 1', operations(abused) <= 1, operations(abused).toFixed(2)),
    promised('calls that wait for one provider at one node, at most 256', abused.longestQueue <= 256, String(abused.longestQueue)),
    promised(
      'p99 of the others beside the abuser moves by less than 10 %',
      abused.beside.p99 < 1.1 * quiet.beside.p99,
      `${quiet.beside.p99.toFixed(0)} to ${abused.beside.p99.toFixed(0)} ms`,
    ),
    promised(
      'p99 of all honest calls moves by less than 10 %',
      abused.honest.p99 < 1.1 * quiet.honest.p99,
      `${quiet.honest.p99.toFixed(0)} to ${abused.honest.p99.toFixed(0)} ms`,
    ),
  ]
}

/** What the scenes of fairness must show, the moves being those of the median seed. */
export function promisesOfFairness(pairs: readonly FairPair[]): readonly Promised[] {
  const kinds = Map.groupBy(pairs, ({ scene: { workers, serviceMs, load } }) => `${workers} × ${serviceMs} ms, ${percent(load)} used`)
  return [
    ...[...kinds].map(([kind, own]) => {
      const moves = own.map(movedBy).sort((a, b) => a - b)
      const median = moves[Math.floor(moves.length / 2)] as number
      return promised(
        `provider of ${kind}: one consumer at 100 × its share moves the others' p99 by less than 10 %`,
        median < 0.1,
        `${percent(median)} (${percent(moves[0] as number)} to ${percent(moves.at(-1) as number)})`,
      )
    }),
    promised(
      'nobody starves: of each other consumer nine tenths are answered',
      pairs.every(({ abused }) => abused.starved === 0),
      `${pairs.reduce((sum, { abused }) => sum + abused.starved, 0)} starved`,
    ),
    promised(
      "Jain's index over the others, at least 0.99",
      pairs.every(({ abused }) => abused.fairness >= 0.99),
      Math.min(...pairs.map(({ abused }) => abused.fairness)).toFixed(4),
    ),
  ]
}

/** What a provider's trouble must show. */
export function promisesOfTrouble(trouble: Trouble, one: TroubleResult): readonly Promised[] {
  return [
    promised(`provider ${trouble}: at most 256 calls wait`, one.longestQueue <= 256, String(one.longestQueue)),
    promised(
      `provider ${trouble}: recovery is noticed within two probe periods after the open time`,
      one.recoveredMs <= one.mayTakeMs,
      `${one.recoveredMs} ms of ${Math.round(one.mayTakeMs)} ms`,
    ),
    promised(
      `provider ${trouble}: nine of ten calls a second are served as soon as that`,
      one.servedMs <= one.mayTakeMs + 1_000,
      `after ${one.servedMs} ms`,
    ),
    promised(
      `provider ${trouble}: calls to another provider do not notice`,
      one.otherDuring <= 1.1 * one.otherBefore,
      `p99 ${one.otherBefore.toFixed(0)} to ${one.otherDuring.toFixed(0)} ms`,
    ),
  ]
}

/** What lockouts on many nodes must show. */
export function promisesOfLockouts(one: LockoutResult): readonly Promised[] {
  return [
    promised(
      'a lockout is in force on every node within 1 s, 99 of 100',
      one.everywhere.p99 <= 1_000,
      `p50 ${one.everywhere.p50.toFixed(0)}, p99 ${one.everywhere.p99.toFixed(0)}, longest ${one.everywhere.max.toFixed(0)} ms`,
    ),
    promised('at the end every node knows the same', one.agree, one.agree ? 'agreed' : 'not agreed'),
    promised("no node's epoch goes back", one.wentBack === 0, `${one.wentBack} times`),
    promised(
      `${one.cutOff} nodes that were cut off know everything within 2 s of their return`,
      one.caughtUpMs <= 2_000,
      `${Math.round(one.caughtUpMs)} ms`,
    ),
  ]
}

function promised(what: string, holds: boolean, figure: string): Promised {
  return { what, holds, figure }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share !== 0 && Math.abs(share) < 0.01 ? 2 : 0)} %`
}
