import type { ConsumerDemand, MachineShare } from './consumer-demand.ts'
import type { PlaceRules } from './place-lease.ts'
import { allPlaces } from './places.ts'
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

/** What a consumer wants: calls at each worker, and the most that it may hold at all of them together. */
interface Wanted {
  readonly calls: readonly number[]
  readonly most: number
}

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
  #spread = { version: -1, most: 1 }

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
      for (const consumer of this.#parts.keys()) this.#forget(consumer)
      return
    }
    const wanted = this.#wanted(wants)
    this.#follow(wanted)
    if (sum(wants) <= places) return
    const due = waterFill(
      places,
      [...wanted].map(([consumer, { calls, most }]) => ({
        weight: queue.weightOf(consumer),
        floor: places * queue.guaranteeOf(consumer),
        want: Math.min(sum(calls), most),
      })),
    )
    const weights = wants.map(() => 0)
    let nextDue = 0
    for (const [consumer, { calls }] of wanted) {
      const all = sum(calls)
      const parts = this.#parts.get(consumer)?.now ?? calls.map((here) => here / all)
      const share = due[nextDue++] ?? 0
      parts.forEach((part, nth) => {
        weights[nth] = (weights[nth] ?? 0) + part * share
      })
    }
    // Where nobody wants any, the next to come is one consumer more.
    this.#weights = weights.map((weight, nth) => Math.max(leastWeight, wants[nth] === 0 ? places / (wanted.size + 1) : weight))
  }

  /** What this worker is to know; which parts consumers have here, where it asks for them. */
  at(nth: number, places: number, withParts: boolean): Omit<MachineShare, 'waiting'> {
    return { places, contested: this.#contested, parts: withParts ? this.#partsAt(nth) : undefined, spread: this.#mostSpread() }
  }

  /** The most workers that one consumer calls through. Looked for once a version: leases go out hundreds of times a second. */
  #mostSpread(): number {
    if (this.#spread.version === this.#version) return this.#spread.most
    let most = 1
    for (const { told } of this.#parts.values()) most = Math.max(most, told.filter((part) => part > 0).length)
    this.#spread = { version: this.#version, most }
    return most
  }

  #partsAt(nth: number): NonNullable<MachineShare['parts']> {
    return [...this.#parts].flatMap(([consumer, { told }]) => {
      if ((told[nth] ?? 0) === 0) return []
      // Summed up in the same order for each worker, so that one's end is the very number that the next one begins with.
      const isLast = told.findLastIndex((part) => part > 0) === nth
      return [[consumer, sum(told.slice(0, nth)), isLast ? 1 : sum(told.slice(0, nth + 1))] as const]
    })
  }

  /** What each consumer wants at each worker; a worker that could use places and told of no consumer is one itself. */
  #wanted(wants: readonly number[]): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, { calls: number[]; most: number }>()
    this.#demands.forEach((demand, nth) => {
      const isTold = demand.some(([, calls]) => calls > 0)
      const told: ConsumerDemand['consumers'] = isTold ? demand : [[`worker ${nth}`, wants[nth] ?? 0, allPlaces]]
      for (const [consumer, calls, most] of told) {
        if (calls === 0) continue
        const at = wanted.get(consumer) ?? { calls: wants.map(() => 0), most }
        at.calls[nth] = calls
        // Workers learn it from the same windows, and may be apart for a moment.
        at.most = Math.min(at.most, most)
        wanted.set(consumer, at)
      }
    })
    return wanted
  }

  #contend(now: number): void {
    const contested = now < this.#contestedUntil
    if (contested !== this.#contested) this.#version++
    this.#contested = contested
  }

  /** Moves the parts of consumers that call, or called until lately, through several workers. */
  #follow(wanted: ReadonlyMap<string, Wanted>): void {
    for (const consumer of new Set([...this.#parts.keys(), ...wanted.keys()])) {
      const demand = wanted.get(consumer)?.calls
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
