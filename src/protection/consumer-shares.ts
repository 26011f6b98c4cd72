import type { ConsumerDemand, MachineShare } from './consumer-demand.ts'
import type { PlaceRules } from './place-lease.ts'
import { sum } from './sum.ts'
import { waterFill } from './water-fill.ts'

/** A consumer that calls through a worker has this part of its share there, at least; less is none. */
const leastPart = 1 / 16
/** Parts are told anew when one has moved by more than this. */
const worthTelling = 1 / 8
/** How far a part moves towards what is wanted now, each time. */
const moves = 1 / 2
/** A worker that wants places and is due none, as others are guaranteed all, counts for so little. */
const leastWeight = 1e-3

/** A consumer at several workers: of its share, the part of each worker as it is by now and as it was last told. */
interface Parts {
  now: readonly number[]
  told: readonly number[]
}

/**
 * How a provider's places are shared between consumers, whichever workers they call through. What is due to a consumer is the machine's, and is divided among
 * its workers by what it wants at each; what is due to a worker is the sum of that. A worker's own queue, going by these parts, then serves every consumer as
 * one queue for the whole machine would. Pure; keeps only consumers with calls waiting or under way.
 */
export class ConsumerShares {
  /** What each worker told last. */
  readonly #demands: ConsumerDemand['consumers'][]
  readonly #parts = new Map<string, Parts>()
  #lastConsumer: string | undefined
  #contestedUntil = Number.NEGATIVE_INFINITY
  #contested = false
  readonly #even: readonly number[]
  #weights: readonly number[]
  #version = 0

  constructor(workers: number) {
    this.#demands = Array.from({ length: workers }, () => [])
    this.#even = this.#demands.map(() => 1)
    this.#weights = this.#even
  }

  /** Another number whenever workers are to be told. */
  get version(): number {
    return this.#version
  }

  /** What each worker counts for where there are too few places. */
  get weights(): readonly number[] {
    return this.#weights
  }

  /** Consumers with calls waiting or under way. */
  get active(): number {
    const calling = this.#demands.flatMap((demand) => demand.filter(([, calls]) => calls > 0))
    return new Set(calling.map(([consumer]) => consumer)).size
  }

  /** A worker tells. */
  heard(nth: number, { consumers }: ConsumerDemand, { contestedMs }: PlaceRules, now: number): void {
    for (const [consumer] of consumers) {
      if (this.#lastConsumer !== undefined && consumer !== this.#lastConsumer) this.#contestedUntil = now + contestedMs
      this.#lastConsumer = consumer
    }
    this.#demands[nth] = consumers
    this.#contend(now)
  }

  /** A worker has ended. */
  lost(nth: number): void {
    this.#demands[nth] = []
  }

  /** Looks anew at who calls through which worker; `wants` are the places that each worker could use. */
  level(places: number, wants: readonly number[], { queue }: PlaceRules, now: number): void {
    this.#contend(now)
    this.#weights = this.#even
    if (!this.#contested) {
      this.#parts.clear()
      return
    }
    const wanted = this.#wanted(wants)
    this.#follow(wanted)
    if (sum(wants) <= places) return
    const names = [...wanted.keys()]
    const due = waterFill(
      places,
      names.map((consumer) => ({
        weight: queue.weightOf(consumer),
        floor: places * queue.guaranteeOf(consumer),
        want: Math.min(sum(wanted.get(consumer) ?? []), this.#mostOf(consumer)),
      })),
    )
    const weights = wants.map(() => 0)
    names.forEach((consumer, at) => {
      const demand = wanted.get(consumer) ?? []
      const parts = this.#parts.get(consumer)?.now ?? demand.map((calls) => calls / sum(demand))
      parts.forEach((part, nth) => {
        weights[nth] = (weights[nth] ?? 0) + part * (due.parts[at] ?? 0)
      })
    })
    // Where nobody wants any, the next to come is one consumer more.
    this.#weights = weights.map((weight, nth) => (wants[nth] === 0 ? places / (names.length + 1) : Math.max(weight, leastWeight)))
  }

  /** What this worker is to know. */
  at(nth: number, places: number, withParts: boolean): Omit<MachineShare, 'waiting'> {
    const parts = [...this.#parts].flatMap(([consumer, { told }]) => {
      // Summed up in the same order for each worker, so that one's end is the very number that the next one begins with.
      const upTo = (end: number): number => (end >= told.length ? 1 : sum(told.slice(0, end)))
      return (told[nth] ?? 0) === 0 ? [] : [[consumer, upTo(nth), upTo(lastOf(told) === nth ? told.length : nth + 1)] as const]
    })
    const spreads = [...this.#parts.values()].map(({ told }) => told.filter((part) => part > 0).length)
    return { places, contested: this.#contested, parts: withParts ? parts : undefined, spread: Math.max(1, ...spreads) }
  }

  /** What each consumer wants at each worker; a worker that could use places and told of no consumer is one itself. */
  #wanted(wants: readonly number[]): ReadonlyMap<string, readonly number[]> {
    const wanted = new Map<string, number[]>()
    this.#demands.forEach((demand, nth) => {
      const told: readonly (readonly [string, number, ...unknown[]])[] = demand.some(([, calls]) => calls > 0)
        ? demand
        : [[`worker ${nth}`, wants[nth] ?? 0]]
      for (const [consumer, calls] of told) {
        if (calls === 0) continue
        const at = wanted.get(consumer) ?? wants.map(() => 0)
        at[nth] = calls
        wanted.set(consumer, at)
      }
    })
    return wanted
  }

  /** How many places it may hold; workers learn that from the same windows, and may be apart for a moment. */
  #mostOf(consumer: string): number {
    const told = this.#demands.flatMap((demand) => demand.filter(([who, calls]) => who === consumer && calls > 0))
    return Math.min(...told.map(([, , most]) => most))
  }

  #contend(now: number): void {
    const contested = now < this.#contestedUntil
    if (contested !== this.#contested) this.#version++
    this.#contested = contested
  }

  /** Moves the parts of consumers that call, or called until lately, through several workers. */
  #follow(wanted: ReadonlyMap<string, readonly number[]>): void {
    for (const consumer of new Set([...this.#parts.keys(), ...wanted.keys()])) {
      const demand = wanted.get(consumer)
      const known = this.#parts.get(consumer)
      if (demand === undefined) this.#forget(consumer)
      else if (known !== undefined || demand.filter((calls) => calls > 0).length > 1) this.#move(consumer, demand, known)
    }
  }

  #move(consumer: string, demand: readonly number[], known: Parts | undefined): void {
    const all = sum(demand)
    const moved = demand.map((calls, nth) => {
      const before = known?.now[nth] ?? calls / all
      const part = before + moves * (calls / all - before)
      return part < leastPart ? (calls > 0 ? leastPart : 0) : part
    })
    const now = moved.map((part) => part / sum(moved))
    if (now.filter((part) => part > 0).length === 1) {
      this.#forget(consumer)
      return
    }
    const told = known?.told ?? demand.map(() => 1)
    const news = now.some((part, nth) => Math.abs(part - (told[nth] ?? 0)) > worthTelling || (part === 0) !== (told[nth] === 0))
    if (news) this.#version++
    this.#parts.set(consumer, { now, told: news ? now : told })
  }

  #forget(consumer: string): void {
    if (this.#parts.delete(consumer)) this.#version++
  }
}

/** The last worker that has a part. */
function lastOf(parts: readonly number[]): number {
  return parts.findLastIndex((part) => part > 0)
}
