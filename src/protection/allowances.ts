import { type Bucketing, ownBuckets } from './leasing.ts'
import { type PartyLimit, rateStanding, type Standing } from './party-limit.ts'
import { dividedQuotas, type PartyQuotas } from './party-quotas.ts'
import { type Party, PartyTable } from './party-table.ts'

/** One limit that a call must be within. */
export interface Want {
  /** Which of the limits it is, such as `system`; parties of different dimensions have nothing to do with each other. */
  readonly dimension: string
  readonly party: string
  readonly limit: PartyLimit
  /** Only look: a call beyond the limit passes, and takes nothing of it. */
  readonly observe: boolean
}

/** What a call holds while it is under way. */
export interface Holding {
  /** The limit of which least is left; undefined where no rate limits the call. */
  readonly tightest: Standing | undefined
  /** Limits that are only observed, and were passed beyond. */
  readonly beyond: readonly Standing[]
  /** Whether a limit on bytes is among them: else nobody need say what passes. */
  readonly weighs: boolean
  /** Takes note of bytes of bodies that pass. */
  carry(bytes: number): void
  /** Gives back the places and bytes that it holds. Once: any further time does nothing. */
  release(): void
}

/** The decision: all the limits took the call, or none did, and this is the one that keeps it out longest. */
export type Taking = { readonly taken: true; readonly holding: Holding } | NotTaken

/** A limit kept the call out. */
export interface NotTaken {
  readonly taken: false
  readonly over: Standing
  /** Where a share of the limit is on its way that others have too: resolves once it is here, never rejects. Taken again then, the call may be within it. */
  readonly settles?: Promise<void>
}

/** Who may still make how many calls. Decides at once, by what this process knows. */
export interface Allowances {
  /** Takes one call of each, or nothing of any. `bytes` are those of a body that the request declares. */
  take(wants: readonly Want[], bytes: number): Taking
  /** Parties remembered, over all dimensions. */
  readonly parties: number
}

/** Parties remembered of one dimension. */
const partiesOfDimension = 100_000
/** How soon a place may be free again is not known: calls are short. */
const placeMs = 1_000

/** A limit that keeps a call out, and of whom. */
interface Late {
  readonly want: Want
  readonly party: Party
  readonly standing: Standing
}

/**
 * Makes them, with nothing taken yet. They outlive the settings: limits come with each call. Without `quotas`, what is not earned by the second is divided among the
 * nodes of the buckets.
 */
export function createAllowances(
  now: () => number,
  buckets: Bucketing = ownBuckets,
  most = partiesOfDimension,
  quotas: PartyQuotas = dividedQuotas(() => buckets.nodes),
): Allowances {
  const tables = new Map<string, PartyTable>()
  quotas.serve((dimension, key) => {
    const party = partyOf(dimension, key, now())
    return party.key === key ? party : undefined
  })

  function partyOf(dimension: string, party: string, at: number): Party {
    let table = tables.get(dimension)
    if (table === undefined) {
      table = new PartyTable(most)
      tables.set(dimension, table)
    }
    return table.at(party, at)
  }

  /** Why the party may not make this call; undefined where it may. */
  function beyond({ dimension, limit: { rate, concurrent, bytes } }: Want, party: Party, more: number, at: number): Standing | undefined {
    if (concurrent !== undefined) {
      const left = quotas.part(party, 'concurrent', concurrent) - party.inFlight
      if (left <= 0) return placeStanding(dimension, 'concurrent', concurrent, left)
    }
    if (bytes !== undefined) {
      const part = quotas.part(party, 'bytes', bytes)
      const exceeds = party.bytes + more > part && (party.bytes > 0 || !quotas.mayExceed(part, bytes))
      if (exceeds) return placeStanding(dimension, 'bytes', bytes, part - party.bytes)
    }
    if (rate !== undefined && !buckets.conforms(party, rate, at)) {
      const standing = rateStanding(dimension, rate, party.due, at)
      return { ...standing, remaining: 0, retryAfter: Math.max(standing.retryAfter, Math.min(rate.interval, placeMs)) }
    }
    return undefined
  }

  function decided(wants: readonly Want[], parties: readonly Party[], at: number): void {
    for (let i = 0; i < wants.length; i++) {
      const { dimension, limit } = wants[i] as Want
      if (limit.rate !== undefined) buckets.decided(dimension, parties[i] as Party, limit.rate, at)
    }
  }

  /** Resolves once all that these lack may be there; undefined where one of them waits for nothing that is on its way. Others are asked only where that may help. */
  function answer(late: readonly Late[], more: number, at: number): Promise<void> | undefined {
    const rated = late.filter(({ standing }) => standing.kind === 'requests')
    const answers = rated.map(({ party }) => buckets.answer(party, at))
    if (answers.includes(undefined)) return undefined
    for (const one of late) if (one.standing.kind !== 'requests') answers.push(lent(one, more, at))
    return answers.includes(undefined) ? undefined : Promise.all(answers).then(() => undefined)
  }

  /** Asks the other workers of this machine for what a call lacks. */
  function lent(
    { want: { dimension, limit, party: named }, party, standing: { kind } }: Late,
    more: number,
    at: number,
  ): Promise<void> | undefined {
    const quota = kind === 'requests' ? undefined : limit[kind]
    if (kind === 'requests' || quota === undefined) return undefined
    const need = kind === 'concurrent' ? 1 : party.bytes + more - quotas.part(party, kind, quota)
    return quotas.answer(party, { kind, dimension, party: named, quota }, need, at)
  }

  return {
    get parties() {
      return [...tables.values()].reduce((sum, { size }) => sum + size, 0)
    },
    take(wants, bytes) {
      const at = now()
      const parties: Party[] = []
      let observed: Standing[] | undefined
      let over: Standing | undefined
      let late: readonly Late[] = none
      let left: boolean[] | undefined
      for (const want of wants) {
        const party = partyOf(want.dimension, want.party, at)
        parties.push(party)
        const standing = beyond(want, party, bytes, at)
        if (standing === undefined) continue
        if (!want.observe) {
          over = over === undefined || standing.retryAfter > over.retryAfter ? standing : over
          late = [...late, { want, party, standing }]
        } else {
          observed = [...(observed ?? []), standing]
          // What is only looked at is told by what the machine has the next time.
          void lent({ want, party, standing }, bytes, at)
          left ??= []
          left[parties.length - 1] = true
        }
      }
      if (over !== undefined) {
        decided(wants, parties, at)
        const settles = answer(late, bytes, at)
        if (settles === undefined) return { taken: false, over }
        for (const party of parties) buckets.undecided(party)
        return { taken: false, over, settles }
      }
      let tightest: Want | undefined
      let tightestDue = 0
      let least = 2
      let weighs = false
      for (let i = 0; i < wants.length; i++) {
        if (left?.[i] === true) continue
        const want = wants[i] as Want
        const party = parties[i] as Party
        const { rate } = want.limit
        if (want.limit.bytes !== undefined) weighs = true
        party.inFlight++
        party.bytes += bytes
        if (rate === undefined) continue
        buckets.take(party, rate, at)
        const share = 1 - (party.due - at) / rate.tolerance
        if (want.observe || share >= least) continue
        least = share
        tightest = want
        tightestDue = party.due
      }
      decided(wants, parties, at)
      const standing =
        tightest?.limit.rate === undefined ? undefined : rateStanding(tightest.dimension, tightest.limit.rate, tightestDue, at)
      const held = left === undefined ? parties : parties.filter((_, i) => left[i] !== true)
      return { taken: true, holding: new Hold(held, bytes, standing, observed ?? none, weighs) }
    },
  }
}

const none: readonly never[] = []

class Hold implements Holding {
  readonly tightest: Standing | undefined
  readonly beyond: readonly Standing[]
  readonly weighs: boolean
  readonly #parties: readonly Party[]
  #bytes: number
  #released = false

  constructor(parties: readonly Party[], bytes: number, tightest: Standing | undefined, beyond: readonly Standing[], weighs: boolean) {
    this.#parties = parties
    this.#bytes = bytes
    this.tightest = tightest
    this.beyond = beyond
    this.weighs = weighs
  }

  carry(bytes: number): void {
    if (this.#released) return
    this.#bytes += bytes
    for (const party of this.#parties) party.bytes += bytes
  }

  release(): void {
    if (this.#released) return
    this.#released = true
    for (const party of this.#parties) {
      party.inFlight--
      party.bytes -= this.#bytes
    }
  }
}

function placeStanding(dimension: string, kind: 'concurrent' | 'bytes', quota: number, left: number): Standing {
  return { dimension, kind, quota, remaining: Math.max(0, left), retryAfter: placeMs, reset: placeMs }
}
