import type { CallWindow } from './heavy-share.ts'
import { type LimitRules, type ProviderLimit, withinLimits } from './provider-limit.ts'

/** Samples that make a window tell: fewer count in proportion, and are waited for ten windows long. */
const tellingSamples = 10
/** A single sample counts for no more than this many times the usual, so that one straggler in ten moves nothing. */
const longestRatio = 10
/** Numbers that are kept of each kind of call. */
const fields = 3
/** The share of the way that the usual time moves within a window: down, and up. */
const [down, up] = [0.3, 0.15]

/**
 * How many calls at a time a provider can take, learned from when its answers begin and from those it does not give.
 *
 * A gradient, after Netflix's concurrency-limits (Gradient2): the limit is multiplied by `tolerance · usual / measured` where that is below one, no
 * faster than to its half a window. What failed for overload shrinks it in proportion to its share, as marks do in DCTCP (Alizadeh et al., 2010).
 * It grows by doubling up to half of where it last broke down (TCP's slow start, RFC 5681), then by half its root, and only while the calls use half of it.
 *
 * The known weakness of the family is the drift of "usual": learned under overload, overload becomes the norm. Here it goes down freely, and up only from
 * windows with at most `floor` calls at a time: what an answer takes then is the provider's own time, not a queue that we made. Each kind of
 * call has a usual time of its own, so that a change of the mix is no change of speed. O(1) and constant in memory.
 */
export class AdaptiveLimit implements ProviderLimit {
  readonly machine = undefined
  #rules: LimitRules
  /** Of each kind its usual time, and of this window the sum and the number of its samples. Side by side: most answers find it out of the caches. */
  readonly #kinds: Float64Array
  #limit: number
  #threshold: number
  #congested = false
  #began: number | undefined
  #answered = 0
  #overloaded = 0
  #peak = 0
  #closed: CallWindow | undefined

  /** `kinds` is how many kinds of call are told apart. */
  constructor(rules: LimitRules, kinds = 1) {
    this.#rules = rules
    this.#kinds = new Float64Array(kinds * fields)
    this.#limit = withinLimits(rules, rules.initial)
    this.#threshold = rules.ceiling
  }

  /** Goes by other rules from now on; the limit stays where it is, as far as they let it. */
  follow(rules: LimitRules): void {
    this.#threshold = this.#threshold === this.#rules.ceiling ? rules.ceiling : Math.min(this.#threshold, rules.ceiling)
    this.#rules = rules
    this.#limit = withinLimits(rules, this.#limit)
  }

  /** Most calls at a time, now. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  get ceiling(): number {
    return this.#rules.ceiling
  }

  get probing(): number {
    return this.#rules.ceiling
  }

  /** What an answer to this kind of call usually takes, in ms; 0 where none is known. */
  usual(kind: number): number {
    return this.#kinds[kind * fields] ?? 0
  }

  /** An answer began `latencyMs` after its request was sent, while so many calls were under way. */
  answered(kind: number, latencyMs: number, inFlight: number, now: number): void {
    const at = kind * fields
    const usual = this.#kinds[at] ?? 0
    const counted = usual === 0 ? latencyMs : Math.min(latencyMs, longestRatio * Math.max(usual, this.#rules.noiseMs))
    this.#kinds[at + 1] = (this.#kinds[at + 1] ?? 0) + counted
    this.#kinds[at + 2] = (this.#kinds[at + 2] ?? 0) + 1
    this.#answered++
    this.#sampled(inFlight, now)
  }

  /** The provider was not reached, did not answer in time, or said that it has too much to do. */
  overloaded(inFlight: number, now: number): void {
    this.#overloaded++
    this.#sampled(inFlight, now)
  }

  erred(): void {
    // Says nothing of how many calls at a time the provider can take.
  }

  /** The caller hung up before an answer began: a sign only where the provider had taken longer than usual already. */
  abandoned(kind: number, waitedMs: number, inFlight: number, now: number): void {
    const usual = this.usual(kind)
    if (usual > 0 && waitedMs > this.#rules.tolerance * Math.max(usual, this.#rules.noiseMs)) this.answered(kind, waitedMs, inFlight, now)
  }

  /** What the last window told, once; undefined where none has closed since. */
  takeClosed(): CallWindow | undefined {
    const closed = this.#closed
    if (closed !== undefined) this.#closed = undefined
    return closed
  }

  /** Begins again from the floor, after the provider was out of reach. */
  restart(): void {
    this.#threshold = Math.max(this.#rules.floor, this.#limit / 2)
    this.#limit = withinLimits(this.#rules, this.#rules.floor)
    this.#forgetWindow()
  }

  recovered(): void {
    // What it learned while the circuit was open is what it goes on with.
  }

  #sampled(inFlight: number, now: number): void {
    if (inFlight > this.#peak) this.#peak = inFlight
    this.#began ??= now
    const elapsed = now - this.#began
    const enough = this.#answered + this.#overloaded >= tellingSamples
    if (elapsed >= this.#rules.windowMs * (enough ? 1 : 10)) this.#close(elapsed)
  }

  #close(elapsed: number): void {
    const samples = this.#answered + this.#overloaded
    const ratio = this.#answered === 0 ? 1 : this.#learnUsual(elapsed)
    const failed = this.#overloaded / Math.max(samples, tellingSamples)
    const gradient = Math.min(1, Math.max(0.5, this.#rules.tolerance / ratio))
    const congested = gradient < 1 || failed > 0.05
    if (congested && !this.#congested) this.#threshold = Math.max(this.#rules.floor, this.#limit / 2)
    this.#congested = congested
    this.#limit = withinLimits(this.#rules, (congested ? this.#limit * gradient : this.#grown()) * (1 - failed / 2))
    this.#forgetWindow()
  }

  /** A limit that nobody uses is not known to be right, and does not grow. */
  #grown(): number {
    if (this.#peak * 2 < this.#limit) return this.#limit
    return this.#limit < this.#threshold
      ? Math.min(this.#limit * 2, this.#threshold)
      : this.#limit + Math.max(1, Math.sqrt(this.#limit) / 2)
  }

  /** Moves the usual times by this window's; returns how many times the usual its answers took. */
  #learnUsual(elapsed: number): number {
    const { floor, noiseMs } = this.#rules
    const undisturbed = this.#peak <= floor || this.#limit <= floor
    let excess = 0
    let took = 0
    let expected = 0
    for (let at = 0; at < this.#kinds.length; at += fields) {
      const count = this.#kinds[at + 2] ?? 0
      if (count === 0) continue
      const mean = (this.#kinds[at + 1] ?? 0) / count
      const usual = this.#kinds[at] || mean
      took += count * mean
      expected += count * usual
      excess += count * (mean / Math.max(usual, noiseMs) - 1)
      const weight = Math.min(1, count / tellingSamples)
      if (mean < usual) this.#kinds[at] = usual + down * weight * (mean - usual)
      else this.#kinds[at] = undisturbed ? usual + up * weight * (mean - usual) : usual
    }
    this.#closed = { ratio: took / expected, samples: this.#answered, busy: expected / elapsed }
    return 1 + Math.max(0, excess / Math.max(this.#answered, tellingSamples))
  }

  #forgetWindow(): void {
    for (let at = 0; at < this.#kinds.length; at += fields) {
      this.#kinds[at + 1] = 0
      this.#kinds[at + 2] = 0
    }
    this.#began = undefined
    this.#answered = 0
    this.#overloaded = 0
    this.#peak = 0
  }
}
