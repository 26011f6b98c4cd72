import { lateAfter } from '../lib/deadline.ts'
import type { PartyQuotas } from './party-quotas.ts'
import type { Party } from './party-table.ts'
import { evenPart } from './place-shares.ts'
import { type HeldQuota, type LentQuota, partOfNode, type Quota, type QuotaKind, type QuotaRecall, quotaKey } from './quota.ts'

/** How one worker of a machine reaches whoever lends. */
export interface QuotaLine {
  /** Whether an answer is to be expected now. */
  readonly reachable: boolean
  /** Asks for so much more; the answer is taken by `take`. */
  borrow(quota: Quota, need: number): void
}

/** Those who lack some of one quota, and what all of them lack. */
interface Asking {
  readonly promise: Promise<void>
  readonly resolve: () => void
  need: number
}

/** Where a worker stands among those of its machine: the `nth` of so many, from 0. */
export interface WorkerPlace {
  readonly nth: number
  readonly among: number
  /** Machines that share the quotas and cannot lend each other, this one included. */
  readonly machines: () => number
}

/** The quotas of a machine as one of its workers has them. */
export interface LentQuotas extends PartyQuotas {
  /** Takes what it holds from now on. */
  take(held: HeldQuota, now: number): void
  /** Gives up what is asked for, as far as it is not used; tells what it holds then. */
  giveUp(recall: QuotaRecall): HeldQuota
}

/** Where nobody had any, nobody is asked again for so long: who floods is refused at once. */
const nothingMs = 50
/** An answer is not waited for any longer: another worker is held up. */
const answerMs = 500

/**
 * Each worker begins with its even part of every quota and asks nobody for it. Whoever lacks more asks, and only the calls that lack it wait for the answer; whoever
 * is asked gives up what it does not use, and does not use it from then on. So all together never have more than the quota under way.
 *
 * What calls lack that are decided in one turn of the event loop is asked for together, by `atItsEnd`: asked for one by one, on a machine whose processes wait for each
 * other, their time to wait would be over before the last has its answer.
 */
export function createLentQuotas(
  { nth, among, machines }: WorkerPlace,
  line: QuotaLine,
  atItsEnd: (act: () => void) => void = setImmediate,
): LentQuotas {
  const asking = new Map<string, Asking>()
  let partyOf: (dimension: string, party: string) => Party | undefined = () => undefined

  const even = (quota: number): number => evenPart(quota, nth, among)
  const whole = (quota: number): number => partOfNode(quota, machines())

  function lentOf({ lent }: Party, { kind, quota }: Pick<Quota, 'kind' | 'quota'>): LentQuota | undefined {
    return lent?.find((one) => one.kind === kind && one.quota === quota)
  }

  function heldOf(party: Party, quota: Pick<Quota, 'kind' | 'quota'>): number {
    return lentOf(party, quota)?.held ?? even(quota.quota)
  }

  function keep(party: Party, held: HeldQuota, nothingUntil: number): void {
    const others = party.lent?.filter(({ kind, quota }) => kind !== held.kind || quota !== held.quota) ?? []
    const isEven = held.held === even(held.quota)
    const all = isEven && nothingUntil === 0 ? others : [...others, { ...held, isEven, nothingUntil }]
    party.lent = all.length === 0 ? undefined : all
  }

  return {
    part(party: Party, kind: QuotaKind, quota: number) {
      const here = whole(quota)
      return party.lent === undefined ? even(here) : heldOf(party, { kind, quota: here })
    },
    mayExceed: (part, quota) => part >= whole(quota) || !line.reachable,
    answer(party, named, need, now) {
      const quota = { ...named, quota: whole(named.quota) }
      // Parties that there is no room for have one place together, and no key: nobody could say whose it is.
      if (!line.reachable || party.key === '' || (lentOf(party, quota)?.nothingUntil ?? 0) > now) return undefined
      const key = quotaKey(quota)
      const known = asking.get(key)
      if (known !== undefined) {
        known.need += need
        return known.promise
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      const late = lateAfter(answerMs, resolve).unref()
      const settled = promise.finally(() => {
        clearTimeout(late)
        asking.delete(key)
      })
      const asked: Asking = { promise: settled, resolve, need }
      asking.set(key, asked)
      atItsEnd(() => {
        if (asking.get(key) === asked) line.borrow(quota, Math.min(asked.need, quota.quota))
      })
      return settled
    },
    serve(known) {
      partyOf = known
    },
    take(held, now) {
      const party = partyOf(held.dimension, held.party)
      const asked = asking.get(quotaKey(held))
      if (party !== undefined) keep(party, held, asked !== undefined && held.held <= heldOf(party, held) ? now + nothingMs : 0)
      asked?.resolve()
    },
    giveUp({ need, keep: least, ...quota }) {
      const party = partyOf(quota.dimension, quota.party)
      if (party === undefined) return { ...quota, held: even(quota.quota) }
      const before = heldOf(party, quota)
      const used = quota.kind === 'concurrent' ? party.inFlight : party.bytes
      const spare = Math.max(0, before - Math.max(used, least))
      const after = { ...quota, held: before - Math.min(spare, Math.max(need, Math.floor(spare / 2))) }
      keep(party, after, 0)
      return after
    },
  }
}
