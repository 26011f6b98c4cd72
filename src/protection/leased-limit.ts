import { noFailures } from './failure-window.ts'
import type { CallWindow } from './heavy-share.ts'
import { type Part, wholePart } from './part.ts'
import { type GateNews, type PlaceLease, type PlaceNeed, sampleCode } from './place-lease.ts'
import type { MachineLimit, ProviderLimit } from './provider-limit.ts'

/** For how long nothing was heard from whoever leases. `short`: who has more than its even part gives that up; `long`: who has less takes it. */
export interface Silence {
  level: 'none' | 'short' | 'long'
}

/** The gate that goes by a leased limit. */
export interface LeasedGate {
  /** Calls under way; and those of them that take no place. */
  readonly inFlight: number
  readonly hanging: number
  readonly waiting: number
  placesCame(now: number): void
  takeNews(now: number): GateNews
}

const noNews: GateNews = { demand: { consumers: [], usable: 0, held: false }, failures: noFailures }

const idleGate = { waiting: 0, hanging: 0 }

/** Samples that are kept until they are told; more are dropped, and so many of them go at once. */
const [mostSamples, manySamples] = [1_000, 200]
/** While calls wait, it is told again after so many ms who they are of. */
const retellMs = 500

/**
 * A provider's limit as one of several processes has it: so many places, leased from whoever learns the limit for all of them, to whom it tells what it sees
 * and needs. It decides by what it holds, and waits for nothing.
 */
export class LeasedLimit implements ProviderLimit {
  machine: MachineLimit
  #lease: PlaceLease
  readonly #silence: Silence
  readonly #changed: (urgent: boolean) => void
  #gate: LeasedGate | undefined
  #samples: number[] = []
  #peak = 0
  #lacked = 0
  #erred = false
  #restarted = false
  #recovered = false
  #parts: ReadonlyMap<string, Part> | undefined
  #takenAt = 0
  #window: CallWindow | undefined
  #told = { at: 0, seq: -1, inFlight: 0, hanging: 0, waiting: 0, peak: 0, lacked: 0, wanted: 0 }

  /** `changed` is told that there is something for `takeNeed`; urgent where somebody waits for what comes of it. */
  constructor(lease: PlaceLease, silence: Silence, changed: (urgent: boolean) => void) {
    this.#lease = lease
    this.#parts = partsOf(lease)
    this.machine = machineLimit(lease, this.#parts, 0)
    this.#silence = silence
    this.#changed = changed
  }

  /** The gate that goes by it from now on. */
  serve(gate: LeasedGate): void {
    this.#gate = gate
  }

  get ceiling(): number {
    const { places, alone } = this.#lease
    if (this.#silence.level === 'none') return places
    return this.#silence.level === 'short' ? Math.min(places, alone) : alone
  }

  get limit(): number {
    return this.#lease.learned ?? this.ceiling
  }

  get probing(): number {
    return Math.max(this.#lease.probing, this.ceiling)
  }

  /** Nothing under way, nothing waits, nothing to tell. */
  get isQuiet(): boolean {
    return (this.#gate?.inFlight ?? 0) + (this.#gate?.waiting ?? 0) + this.#samples.length + this.#told.inFlight + this.#told.wanted === 0
  }

  follow(): void {
    // Whoever leases goes by the new rules, and tells.
  }

  answered(kind: number, latencyMs: number, inFlight: number): void {
    this.#sampled(sampleCode.answered(kind), latencyMs, inFlight)
  }

  overloaded(inFlight: number): void {
    this.#sampled(sampleCode.overloaded, 0, inFlight)
  }

  /** No sample, but the circuit goes by what all workers saw fail, and by who called. */
  erred(): void {
    if (this.#erred) return
    this.#erred = true
    this.#changed(false)
  }

  abandoned(kind: number, waitedMs: number, inFlight: number): void {
    this.#sampled(sampleCode.abandoned(kind), waitedMs, inFlight)
  }

  takeClosed(): CallWindow | undefined {
    const window = this.#window
    if (window !== undefined) this.#window = undefined
    return window
  }

  restart(): void {
    this.#restarted = true
    this.#forgetOthers()
    this.#changed(true)
  }

  recovered(): void {
    this.#recovered = true
    this.#forgetOthers()
    this.#changed(false)
  }

  /** A call found no place here. */
  lacked(): void {
    this.#lacked++
    this.#changed(true)
  }

  /** Takes a lease, unless it is of before the one that it has. Whoever waits and has room now is let through before this returns. */
  take(lease: PlaceLease, now: number): void {
    const { seq, places } = this.#lease
    if (lease.seq <= seq) return
    this.#lease = lease
    this.#parts = partsOf(lease) ?? this.#parts
    this.#takenAt = now
    this.machine = machineLimit(lease, this.#parts, now)
    if (lease.window !== undefined) this.#window = lease.window
    this.#gate?.placesCame(now)
    // Others wait for nothing but the places that are given up.
    this.#changed(lease.places !== places)
  }

  /** How long nothing was heard has changed. */
  silenceChanged(now: number): void {
    const known = machineLimit(this.#lease, this.#parts, this.#takenAt)
    // Nobody knows who calls elsewhere by now: each goes by what it sees itself.
    const alone = { waiting: 0, contested: false, spread: 1, partOf: () => wholePart }
    this.machine = this.#silence.level === 'long' ? { ...known, ...alone } : known
    this.#gate?.placesCame(now)
  }

  /** What is to be told, once; undefined where nothing has changed. */
  takeNeed(now: number): PlaceNeed | undefined {
    const { seq, places } = this.#lease
    const { waiting, hanging } = this.#gate ?? idleGate
    const inFlight = (this.#gate?.inFlight ?? 0) - hanging
    const peak = Math.max(this.#peak, inFlight)
    const lacked = this.#lacked
    const [samples, restarted, recovered, told] = [this.#samples, this.#restarted, this.#recovered, this.#told]
    const happened = samples.length > 0 || this.#erred || restarted || recovered
    const isTold =
      told.seq === seq &&
      told.inFlight === inFlight &&
      told.hanging === hanging &&
      told.waiting === waiting &&
      told.peak === peak &&
      told.lacked === lacked
    // Who it is that waits may have changed without a number.
    const isKnown = isTold && (waiting === 0 || now - told.at < retellMs)
    this.#peak = 0
    this.#lacked = 0
    if (!happened && isKnown) return undefined
    const news = this.#gate?.takeNews(now) ?? noNews
    // What waits because of its consumer's cap needs no place; where nobody may wait, who was refused might have used one.
    const wanted = Math.max(peak, waiting === 0 ? inFlight + lacked : news.demand.usable)
    this.#samples = []
    this.#erred = false
    this.#restarted = false
    this.#recovered = false
    this.#told = { at: now, seq, inFlight, hanging, waiting, peak, lacked, wanted }
    return { seq, places, inFlight, hanging, waiting, peak, wanted, samples, restarted, recovered, ...news }
  }

  /** The circuit has become another: what others saw of the one before counts no more. */
  #forgetOthers(): void {
    this.#lease = { ...this.#lease, others: undefined }
    this.machine = { ...this.machine, others: () => undefined }
  }

  #sampled(code: number, milliseconds: number, inFlight: number): void {
    const samples = this.#samples
    if (samples.length < 2 * mostSamples) samples.push(code, milliseconds)
    if (inFlight > this.#peak) this.#peak = inFlight
    // Who has more under way than it may have by now is waited for.
    this.#changed(inFlight > this.#lease.places || samples.length === 2 * manySamples)
  }
}

function partsOf({ machine: { parts } }: PlaceLease): ReadonlyMap<string, Part> | undefined {
  return parts === undefined ? undefined : new Map(parts.map(([consumer, from, to]) => [consumer, { from, to }]))
}

function machineLimit(
  { machine, others, othersForMs }: PlaceLease,
  parts: ReadonlyMap<string, Part> | undefined,
  at: number,
): MachineLimit {
  const { places, contested, spread, waiting } = machine
  return {
    ...{ places, contested, spread, waiting },
    others: (now) => (now - at > othersForMs ? undefined : others),
    partOf: (consumer) => parts?.get(consumer) ?? wholePart,
  }
}
