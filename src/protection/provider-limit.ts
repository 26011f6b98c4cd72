import type { FailureReport } from './failure-window.ts'
import type { CallWindow } from './heavy-share.ts'
import type { Part } from './part.ts'

/** What bounds a learned limit, and how it is learned. Times are in milliseconds. */
export interface LimitRules {
  /** The limit never falls below this many calls at a time, nor rises above `ceiling`; `initial` is where it begins. */
  readonly floor: number
  readonly ceiling: number
  readonly initial: number
  /** How many times its usual time an answer may take before the limit falls. */
  readonly tolerance: number
  /** Answers that begin sooner than this are never a sign of overload: the proxy's own noise is of that size. */
  readonly noiseMs: number
  /** How long samples are gathered before the limit moves. */
  readonly windowMs: number
}

/** A provider's places as all processes of a machine have them. */
export interface MachineLimit {
  /** Places of all processes together. */
  readonly places: number
  /** More than one consumer calls. */
  readonly contested: boolean
  /** The most processes that one consumer calls through. */
  readonly spread: number
  /** Calls that wait at the other processes. */
  readonly waiting: number
  /** What the other processes saw of the provider; undefined where nothing was told of it, or not lately. */
  others(now: number): FailureReport | undefined
  /** Of what a consumer is due at this provider, from which to which fraction of the whole it has in this process. */
  partOf(consumer: string): Part
}

/** How many calls at a time a provider gets, as its gate asks: learned in this process, or leased from where all processes of a machine learn together. */
export interface ProviderLimit {
  /** Most calls at a time, now. */
  readonly limit: number
  /** Most calls at a time where what is learned is only told. */
  readonly ceiling: number
  /** Most calls at a time with those that only probe. */
  readonly probing: number
  /** What all processes of the machine have of this provider; undefined where there is this one only. */
  readonly machine: MachineLimit | undefined
  /** Goes by other rules from now on. */
  follow(rules: LimitRules): void
  /** An answer to this kind of call began `latencyMs` after its request was sent, while so many calls were under way. */
  answered(kind: number, latencyMs: number, inFlight: number, now: number): void
  /** The provider was not reached, did not answer in time, or said that it has too much to do. */
  overloaded(inFlight: number, now: number): void
  /** An answer that is an error, which comes sooner than what was asked for: no sample of time, and no overload. */
  erred(): void
  /** The caller hung up before an answer began. */
  abandoned(kind: number, waitedMs: number, inFlight: number, now: number): void
  /** What the last window told, once. */
  takeClosed(): CallWindow | undefined
  /** The circuit has opened: begins again from the floor. */
  restart(): void
  /** The circuit has closed. */
  recovered(): void
}

/** The limit as far as the rules let it; a ceiling below the floor wins. */
export function withinLimits({ floor, ceiling }: LimitRules, limit: number): number {
  return Math.min(ceiling, Math.max(Math.min(floor, ceiling), limit))
}
