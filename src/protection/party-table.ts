import type { Lease } from './lease.ts'
import type { LentQuota } from './quota.ts'

/** What is kept of one party in one dimension. */
export interface Party {
  readonly key: string
  /** Theoretical arrival time of its bucket, monotonic ms; with a shared bucket, as far as this node knows. */
  due: number
  inFlight: number
  bytes: number
  lease: Lease | undefined
  /** What this process holds of the party's quotas, where that is not its even part. */
  lent: readonly LentQuota[] | undefined
}

/** Looked at for each new party when the table is full: so many old ones, in turn. */
const looks = 8

/**
 * The parties of one dimension, never more than `most`. A party is forgotten only when it holds nothing and its whole burst is back, so that
 * nobody gains by being forgotten. Where there is no such party, new ones share one place until there is.
 */
export class PartyTable {
  readonly #most: number
  readonly #parties = new Map<string, Party>()
  readonly #overflow: Party = newParty('')
  #hand = this.#parties.values()

  constructor(most: number) {
    this.#most = most
  }

  /** How many are kept. */
  get size(): number {
    return this.#parties.size
  }

  /** The party's place; one that it shares has no key. */
  at(key: string, now: number): Party {
    const known = this.#parties.get(key)
    if (known !== undefined) return known
    if (this.#parties.size >= this.#most && !this.#makeRoom(now)) return this.#overflow
    const made = newParty(key)
    this.#parties.set(key, made)
    return made
  }

  #makeRoom(now: number): boolean {
    for (let look = 0; look < looks; look++) {
      let next = this.#hand.next()
      if (next.done) {
        this.#hand = this.#parties.values()
        next = this.#hand.next()
      }
      const party = next.value as Party
      if (isNew(party, now)) return this.#parties.delete(party.key)
    }
    return false
  }
}

function newParty(key: string): Party {
  return { key, due: 0, inFlight: 0, bytes: 0, lease: undefined, lent: undefined }
}

/** Whether a party stands as one that was never seen. */
function isNew({ due, inFlight, bytes, lease, lent }: Party, now: number): boolean {
  if (due > now || inFlight > 0 || bytes > 0) return false
  if (lent?.some(({ isEven, nothingUntil }) => !isEven || nothingUntil > now) === true) return false
  return lease === undefined || (lease.cells.length === 0 && lease.debt === 0 && !lease.asking && lease.creditFrom <= now)
}
