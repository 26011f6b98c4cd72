import type { ConsumerDemand, MachineShare } from './consumer-demand.ts'
import type { FailureReport } from './failure-window.ts'
import type { GateRules } from './gate-rules.ts'
import type { CallWindow } from './heavy-share.ts'
import { evenPart } from './place-shares.ts'
import { withinLimits } from './provider-limit.ts'

/** What one worker may have of a provider, until it is told otherwise. Places are calls at a time. */
export interface PlaceLease {
  /** From 1, one more each time; 0 is what every worker has before anybody has told it anything. */
  readonly seq: number
  readonly places: number
  /** Calls at a time with those that probe. */
  readonly probing: number
  /** What it goes on with where nobody tells it anything any more: its even part. */
  readonly alone: number
  /** The worker's part of the learned limit where that is only told; undefined where `places` is of it. */
  readonly learned: number | undefined
  readonly machine: MachineShare
  /** What the other workers saw of it, where this worker may be about to open its circuit; it counts for `othersForMs`. */
  readonly others: FailureReport | undefined
  readonly othersForMs: number
  /** A window of samples of all workers that has closed since the last lease. */
  readonly window?: CallWindow
}

/** What a gate tells of its calls. */
export interface GateNews {
  readonly demand: ConsumerDemand
  readonly failures: FailureReport
}

/** What one worker tells of a provider. */
export interface PlaceNeed extends GateNews {
  /** The last lease that it goes by. */
  readonly seq: number
  readonly places: number
  /** Calls that take a place; and those that began before the provider was found well again: they have a connection, and no place. */
  readonly inFlight: number
  readonly hanging: number
  readonly waiting: number
  /** Most calls under way at a time since it told the last time. */
  readonly peak: number
  /** Places that it could use. */
  readonly wanted: number
  /** What was seen of the provider, in pairs: see `sampleCode`. */
  readonly samples: readonly number[]
  /** Its circuit has opened since, or closed. */
  readonly restarted: boolean
  readonly recovered: boolean
}

/** The first number of a sample: the kind of call and what is told of it; the second is in ms, 0 for an overload. */
export const sampleCode = {
  overloaded: -1,
  answered: (kind: number): number => 2 * kind,
  abandoned: (kind: number): number => 2 * kind + 1,
  kindOf: (code: number): number => code >> 1,
  isAbandoned: (code: number): boolean => code % 2 === 1,
} as const

/** How a provider's places are bounded and shared. Where `limitObserves`, `limit.ceiling` places are divided. */
export type PlaceRules = Pick<GateRules, 'limit' | 'limitObserves' | 'breaker' | 'queue' | 'contestedMs'>

/** What the `nth` of so many workers has of a provider before it is told anything: its even part of what a provider gets at first. */
export function firstLease({ limit, limitObserves }: PlaceRules, nth: number, among: number): PlaceLease {
  const learned = withinLimits(limit, limit.initial)
  const all = limitObserves ? limit.ceiling : learned
  const places = evenPart(all, nth, among)
  return {
    ...{ seq: 0, places, probing: places, alone: places, learned: limitObserves ? evenPart(learned, nth, among) : undefined },
    ...{ machine: { places: all, contested: false, parts: [], spread: 1, waiting: 0 }, others: undefined, othersForMs: 0 },
  }
}
