import { hostOfGate } from '../forwarding/gate-key.ts'
import type { CapacityRules } from '../forwarding/gate-rules.ts'
import { ProviderPlaces } from '../protection/provider-places.ts'
import type { NamedLease, NamedNeed } from './messages.ts'

/** All providers' places, leased to the workers of a machine by the control process. */
export interface MachinePlaces {
  /** A worker tells what it sees and needs. */
  told(worker: string, needs: readonly NamedNeed[]): void
  /** A worker has ended. */
  lost(worker: string): void
  /** A worker begins: what it has of providers that are known. */
  began(worker: string): readonly NamedLease[]
  /** Goes by other rules from now on. */
  follow(rules: CapacityRules): void
  close(): void
}

/** What it is made of. `now` is monotonic, in ms. */
export interface MachinePlacesParts {
  readonly workers: readonly string[]
  readonly rules: CapacityRules
  readonly now: () => number
  /** Tells a worker; with no lease that it is still heard. */
  readonly tell: (worker: string, leases: readonly NamedLease[]) => void
}

/** Places move within a message; this often it is seen to that idle ones are even, and workers hear that they are heard. */
const levelMs = 500

/** Makes it. Providers are known from the first call on; of each is kept some kilobytes, as of many as the directory has named. */
export function createMachinePlaces({ workers, rules: first, now, tell }: MachinePlacesParts): MachinePlaces {
  const providers = new Map<string, ProviderPlaces>()
  /** Those that may have places to be moved: of thousands, the few that are called now. */
  const active = new Map<string, ProviderPlaces>()
  /** Workers that have ended and not begun anew. */
  const absent = new Set<number>()
  let rules = first

  function placesOf(key: string): ProviderPlaces {
    const known = providers.get(key)
    if (known !== undefined) return known
    const made = new ProviderPlaces(rules.gate(hostOfGate(key)), workers.length, rules.kinds)
    for (const nth of absent) made.lost(nth)
    providers.set(key, made)
    return made
  }

  function lend(of: Iterable<readonly [key: string, places: ProviderPlaces]>, levels: boolean): void {
    const told = workers.map((): NamedLease[] => [])
    for (const [key, places] of of) {
      const leases = places.leases(levels, now())
      for (const [nth, lease] of leases) told[nth]?.push({ ...lease, key })
      if (levels && leases.length === 0 && places.isQuiet) active.delete(key)
      else active.set(key, places)
    }
    told.forEach((leases, nth) => {
      if (levels || leases.length > 0) tell(workers[nth] ?? '', leases)
    })
  }

  const leveller = setInterval(() => lend([...active], true), levelMs)
  leveller.unref()

  return {
    told(worker, needs) {
      const at = now()
      const nth = workers.indexOf(worker)
      const concerned = needs.map(({ key, ...need }) => {
        const places = placesOf(key)
        places.told(nth, need, at)
        return [key, places] as const
      })
      lend(concerned, false)
    },
    lost(worker) {
      const nth = workers.indexOf(worker)
      absent.add(nth)
      for (const places of providers.values()) places.lost(nth)
      lend(providers, false)
    },
    began(worker) {
      const nth = workers.indexOf(worker)
      absent.delete(nth)
      return [...providers].flatMap(([key, places]) => {
        active.set(key, places)
        const lease = places.began(nth, now())
        return lease === undefined ? [] : [{ ...lease, key }]
      })
    },
    follow(next) {
      rules = next
      for (const [key, places] of providers) places.follow(rules.gate(hostOfGate(key)))
      lend(providers, false)
    },
    close: () => clearInterval(leveller),
  }
}
