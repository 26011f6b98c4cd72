import { AdaptiveLimit } from './adaptive-limit.ts'
import { ConsumerShares } from './consumer-shares.ts'
import type { FailureReport } from './failure-window.ts'
import { MachineFailures } from './machine-failures.ts'
import { idle, type PlaceHolder } from './place-holder.ts'
import { firstLease, type PlaceLease, type PlaceNeed, type PlaceRules, sampleCode } from './place-lease.ts'
import { evenPart, placeShares, placesDue } from './place-shares.ts'
import { sum } from './sum.ts'

/** Idle places move only where it is about more than this share of all. */
const worthMoving = 1 / 8
/** How many calls wait elsewhere is told where that has moved by more than this share of the queue. */
const worthQueueing = 1 / 32
/** What others saw fail is told no more often than this. */
const gatherMs = 100

/**
 * One provider's places, leased to the workers of a machine, and the limit that is learned from what all of them see. Together they have no more calls under
 * way than the limit was when they began: what one is to give up goes to another only when the first has told that it goes by less. Probes of an open circuit need no place.
 * Pure: no timer, no input or output.
 */
export class ProviderPlaces {
  #rules: PlaceRules
  readonly #limit: AdaptiveLimit
  readonly #holders: PlaceHolder[]
  readonly #shares: ConsumerShares
  readonly #failures: MachineFailures

  /** `kinds` is how many kinds of call are told apart. */
  constructor(rules: PlaceRules, workers: number, kinds: number) {
    this.#rules = rules
    this.#limit = new AdaptiveLimit(rules.limit, kinds)
    this.#shares = new ConsumerShares(workers)
    this.#failures = new MachineFailures(workers)
    this.#holders = Array.from({ length: workers }, (_, nth) => {
      const lease = firstLease(rules, nth, workers)
      return { present: true, lease, settled: true, most: lease.places, ...idle, shares: -1, othersAt: 0 }
    })
  }

  /** Places that are divided now. */
  get places(): number {
    return this.#rules.limitObserves ? this.#rules.limit.ceiling : this.#limit.limit
  }

  /** Places that calls may have now: those that hang take none, but connections, of which there are as many as the ceiling says. */
  get #divisible(): number {
    const hanging = sum(this.#holders.map((one) => one.hanging))
    return hanging === 0 ? this.places : Math.max(0, Math.min(this.places, this.#rules.limit.ceiling - hanging))
  }

  /** Nobody wants any, and every worker has told that it goes by its lease. */
  get isQuiet(): boolean {
    return this.#holders.every(({ present, settled, wanted }) => !present || (settled && wanted === 0))
  }

  /** Goes by other rules from now on; what was learned stays, as far as they let it. */
  follow(rules: PlaceRules): void {
    this.#rules = rules
    this.#limit.follow(rules.limit)
  }

  /** A worker tells. */
  told(nth: number, need: PlaceNeed, now: number): void {
    const holder = this.#holders[nth]
    if (holder === undefined || !holder.present) return
    holder.hanging = need.hanging
    holder.peak = need.peak
    holder.waiting = need.waiting
    holder.wanted = need.wanted
    holder.held ||= need.demand.held
    this.#shares.heard(nth, need.demand, this.#rules, now)
    this.#failures.heard(nth, need.failures, now)
    if (need.seq === holder.lease.seq) {
      holder.settled = true
      holder.most = Math.max(need.places, need.inFlight)
    }
    this.#learn(need.samples, now)
    // Each worker tells of a circuit that has opened, those too that heard of it from another.
    if (need.restarted || need.recovered) this.#failures.clear()
    if (need.restarted && this.#limit.limit > this.#rules.limit.floor) this.#limit.restart()
  }

  /** A worker has ended: what it had is free. */
  lost(nth: number): void {
    const holder = this.#holders[nth]
    if (holder === undefined) return
    const lease = { ...holder.lease, places: 0 }
    Object.assign(holder, { present: false, lease, settled: true, most: 0, ...idle, shares: -1 })
    this.#shares.lost(nth)
    this.#failures.lost(nth)
  }

  /** A worker begins in the place of one that ended: what it has at first. */
  began(nth: number, now: number): PlaceLease | undefined {
    const holder = this.#holders[nth]
    if (holder === undefined) return undefined
    holder.present = true
    const places = Math.max(0, Math.min(evenPart(this.places, nth, this.#holders.length), this.#free()))
    return this.#lend(holder, nth, places, now)
  }

  /** The leases that are to be told now. `levels`, now and then: it is looked anew at who calls, idle places are evened out, and what cannot be divided is another's. */
  leases(levels: boolean, now: number): readonly (readonly [nth: number, lease: PlaceLease])[] {
    const targets = this.#targets(levels ? this.#level(now) : undefined)
    const told: [number, PlaceLease][] = []
    const lend = (holder: PlaceHolder, nth: number, places: number): void => void told.push([nth, this.#lend(holder, nth, places, now)])
    // What is given up counts as held until that is told back: the order does not matter for safety, but what is free is known only after.
    this.#holders.forEach((holder, nth) => {
      const target = targets[nth] ?? 0
      if (holder.present && holder.settled && target < holder.lease.places) lend(holder, nth, target)
    })
    this.#holders.forEach((holder, nth) => {
      if (!holder.present || !holder.settled) return
      const { places, alone, learned, probing, seq, machine } = holder.lease
      const next = Math.max(places, Math.min(targets[nth] ?? 0, holder.most + Math.max(0, this.#free())))
      const moved = next !== places || machine.places !== this.places || alone !== this.#part(nth) || learned !== this.#learned(next)
      const news =
        moved ||
        seq === 0 ||
        holder.window !== undefined ||
        holder.shares !== this.#shares.version ||
        this.#failed(nth, holder, now) ||
        this.#queued(holder)
      if (news || (levels && probing !== this.#probing(holder, next))) lend(holder, nth, next)
    })
    return told
  }

  /** Looks at who calls, and counts what each worker had against what it was due; who is only promised a place has not had it. What each is due. */
  #level(now: number): readonly number[] {
    this.#shares.level(this.#divisible, this.#wants(), this.#rules, now)
    const due = this.#due()
    this.#holders.forEach((holder, nth) => {
      const owed = holder.owed + (due[nth] ?? 0) - holder.most
      holder.owed = holder.wanted === 0 ? 0 : Math.max(-1, Math.min(1, owed))
    })
    return due
  }

  /** `levelled` is what each is due where that was just looked at: then places move that nobody lacks, too. */
  #targets(levelled: readonly number[] | undefined): readonly number[] {
    const held = this.#holders.map(({ lease }) => lease.places)
    const moves = sum(held) !== this.#divisible || this.#holders.some(({ present, wanted, lease }) => present && wanted > lease.places)
    if (!moves && levelled === undefined) return held
    const targets = this.#divided(levelled ?? this.#due())
    const uneven = targets.some((target, nth) => target - (held[nth] ?? 0) > Math.max(1, this.places * worthMoving))
    return moves || uneven ? targets : held
  }

  /** What each worker is to have; nothing where it has ended. */
  #divided(due: readonly number[]): readonly number[] {
    const present = [...this.#holders.keys()].filter((nth) => this.#holders[nth]?.present)
    const shares = placeShares(
      this.#divisible,
      present.map((nth) => due[nth] ?? 0),
      present.map((nth) => this.#holders[nth]?.owed ?? 0),
    )
    return this.#holders.map((_, nth) => shares[present.indexOf(nth)] ?? 0)
  }

  /** What each worker is due, as fractions. */
  #due(): readonly number[] {
    return placesDue(this.#divisible, this.#wants(), this.#shares.weights)
  }

  #wants(): readonly number[] {
    return this.#holders.map(({ present, wanted }) => (present ? wanted : 0))
  }

  #lend(holder: PlaceHolder, nth: number, places: number, now: number): PlaceLease {
    const { window } = holder
    const before = holder.lease.places
    holder.lease = {
      ...{ seq: holder.lease.seq + 1, places, probing: this.#probing(holder, places), alone: this.#part(nth) },
      ...{ learned: this.#learned(places), others: this.#others(nth, now), ...(window !== undefined && { window }) },
      machine: {
        ...this.#shares.at(nth, this.places, holder.shares !== this.#shares.version),
        waiting: this.#waitingBeside(holder),
      },
      othersForMs: this.#freshMs,
    }
    holder.othersAt = now
    holder.shares = this.#shares.version
    holder.window = undefined
    // Where it has as many as before nothing is to be waited for.
    if (places !== before) holder.settled = false
    holder.most = Math.max(holder.most, places)
    return holder.lease
  }

  /** More or fewer calls wait elsewhere than this worker knows. */
  #queued(holder: PlaceHolder): boolean {
    const [waiting, known] = [this.#waitingBeside(holder), holder.lease.machine.waiting]
    return Math.abs(waiting - known) > this.#rules.queue.length * worthQueueing || (waiting === 0 && known > 0)
  }

  #waitingBeside(holder: PlaceHolder): number {
    return sum(this.#holders.map((one) => (one === holder ? 0 : one.waiting)))
  }

  /** This worker may be about to open its circuit, and what others saw fail is not what it was told, or was told long ago. */
  #failed(nth: number, { lease, othersAt }: PlaceHolder, now: number): boolean {
    const [others, known] = [this.#others(nth, now), lease.others]
    if (others === undefined || now - othersAt < gatherMs) return false
    const isOld = now - othersAt > this.#freshMs / 2
    return isOld || known === undefined || others.calls !== known.calls || others.failures !== known.failures
  }

  #others(nth: number, now: number): FailureReport | undefined {
    return this.#failures.others(nth, this.#rules.breaker, this.#freshMs, now)
  }

  /** For how long counts what a worker told of its failures: a quarter of what it counts them over. */
  get #freshMs(): number {
    return this.#rules.breaker.windowMs / 4
  }

  #part(nth: number): number {
    return evenPart(this.places, nth, this.#holders.length)
  }

  #learned(places: number): number | undefined {
    return this.#rules.limitObserves ? Math.floor((this.#limit.limit * places) / this.places) : undefined
  }

  #free(): number {
    return this.#divisible - sum(this.#holders.map(({ most }) => most))
  }

  /** What the others leave of the ceiling: probes of an open circuit need a connection and no place within the limit. */
  #probing(holder: PlaceHolder, places: number): number {
    const others = sum(this.#holders.map((one) => (one === holder ? 0 : one.most + one.hanging)))
    return Math.max(places, this.#rules.limit.ceiling - others)
  }

  #learn(samples: readonly number[], now: number): void {
    const busy = sum(this.#holders.map(({ peak }) => peak))
    for (let at = 0; at < samples.length; at += 2) {
      const [code = 0, milliseconds = 0] = [samples[at], samples[at + 1]]
      if (code === sampleCode.overloaded) this.#limit.overloaded(busy, now)
      else if (sampleCode.isAbandoned(code)) this.#limit.abandoned(sampleCode.kindOf(code), milliseconds, busy, now)
      else this.#limit.answered(sampleCode.kindOf(code), milliseconds, busy, now)
    }
    const closed = this.#limit.takeClosed()
    if (closed === undefined) return
    const window = { ...closed, consumers: this.#shares.active, held: this.#holders.some(({ held }) => held) }
    for (const holder of this.#holders) Object.assign(holder, { window, held: false })
  }
}
