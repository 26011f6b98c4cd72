import type { WaitingFlow } from './waiting-flow.ts'

/** What a window of samples tells about the calls of one provider. */
export interface CallWindow {
  /** How many times its usual time an answer took, in the mean. */
  readonly ratio: number
  readonly samples: number
  /** Calls that would have been under way had none waited at the provider: throughput times usual time (Little's law). */
  readonly busy: number
  /** How many consumers had calls waiting or under way, and whether any was kept from more, in all processes together; undefined where there is this one only. */
  readonly consumers?: number
  readonly held?: boolean
}

/** Answers may take so much longer because of heavy consumers, and no more. */
const disturbance = 0.04
/** The share by which a new window moves what is normal. */
const normalWeight = 0.1
/** How much more heavy consumers get after a window in which nobody was disturbed, and how much less after one in which somebody was. */
const [more, less] = [1.1, 0.7]

/**
 * How many places consumers may hold that want more than one may have while others call too. They give way as soon as answers take longer than they did
 * before, and take what is left over as long as they do not: scavengers in the sense of LEDBAT (RFC 6817). What is normal is learned from windows in which nobody
 * was held back, and from those in which the heavy ones have no more than an even share: so it follows a provider that becomes slower by
 * itself, and does not drift with the very load that is to be judged by it. O(1) a call; keeps only consumers that have calls under way or waiting.
 */
export class HeavyShare {
  /** Where it begins, in calls. */
  #initial: number
  readonly #heavy = new Set<WaitingFlow<unknown>>()
  #normal = 0
  #usual: number
  #most: number
  #resting = false

  constructor(initial: number) {
    this.#initial = Math.max(1, Math.floor(initial))
    this.#usual = this.#initial
    this.#most = this.#initial
  }

  /** Begins elsewhere from now on; what was learned stays. */
  follow(initial: number): void {
    this.#initial = Math.max(1, Math.floor(initial))
    this.#usual = Math.max(this.#initial, this.#usual)
  }

  /** Whoever wants more calls at a time than this is heavy: twice what was usual of all together, and no fewer than at the beginning. */
  get usual(): number {
    return this.#usual
  }

  /** Most calls at a time of a heavy consumer: a whole number from 1. */
  get most(): number {
    return Math.floor(this.#most)
  }

  /** This consumer was kept from more calls at a time. */
  hold(flow: WaitingFlow<unknown>): void {
    flow.held = true
    flow.heavy = true
    this.#heavy.add(flow)
  }

  /** Somebody was kept from more and still has calls that wait. */
  get isHeld(): boolean {
    for (const flow of this.#heavy) if (flow.waiting > 0) return true
    return false
  }

  /** A window has closed, and so many consumers have calls waiting or under way in this process. */
  closed({ ratio, samples, busy, held = false, consumers }: CallWindow, here: number): void {
    const heldHere = this.#wasHeld()
    if (!heldHere && !held) {
      this.#learn(ratio, samples)
      this.#usual = Math.max(this.#initial, Math.floor(2 * busy))
      this.#most = this.#usual
      return
    }
    // Nobody is heavy where nobody else calls, whether or not another has a call under way right now.
    const least = Math.max(1, Math.floor(busy / Math.max(2, consumers ?? here)))
    // What the window before had left at the provider is gone by the second window of rest.
    const rested = this.#resting
    this.#resting = this.#most <= least
    if (this.#resting && rested) this.#learn(ratio, samples)
    else if (this.#normal === 0) {
      // They were there from the beginning: what is normal is to be seen without them first.
      this.#most = least
      return
    }
    const longer = ratio / this.#normal
    // Means of few samples differ by chance: as much as that is no sign.
    if (longer > 1 + disturbance + 1 / Math.sqrt(samples)) this.#most = Math.max(least, this.#most * less)
    else if (longer < 1 + disturbance) this.#most = Math.max(this.#most + 0.5, this.#most * more)
  }

  /** Whether anybody was heavy; who wants no more by now is not any longer. */
  #wasHeld(): boolean {
    const held = this.#heavy.size > 0
    for (const flow of this.#heavy) {
      flow.heavy = flow.held || flow.waiting > 0
      flow.held = false
      if (!flow.heavy) this.#heavy.delete(flow)
    }
    return held
  }

  #learn(ratio: number, samples: number): void {
    this.#normal = this.#normal === 0 ? ratio : this.#normal + normalWeight * Math.min(1, samples / 10) * (ratio - this.#normal)
  }
}
