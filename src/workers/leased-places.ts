import type { LeasedLimits } from '../forwarding/provider-capacity.ts'
import { LeasedLimit, type Silence } from '../protection/leased-limit.ts'
import { firstLease } from '../protection/place-lease.ts'
import type { NamedLease, NamedNeed } from './messages.ts'

/** A worker's part of all providers' places. */
export interface LeasedPlaces extends LeasedLimits {
  /** Takes what the control process tells. */
  take(leases: readonly NamedLease[]): void
  close(): void
}

/** What it is made of: the `nth` of so many workers, from 0. */
export interface LeasedPlacesParts {
  readonly nth: number
  readonly among: number
  readonly send: (needs: readonly NamedNeed[]) => void
  /** Monotonic ms. */
  readonly now: () => number
}

/** What can wait is told this often; what cannot, at once, but no more often than this. */
const [gatherMs, urgentMs] = [100, 10]
const hearMs = 1_000
/** The control process tells something twice a second. After so many seconds without, who holds more than its part gives it up; after more, who holds less takes it. */
const [shortSilence, longSilence] = [5, 10]

/** Makes it; each provider's places begin with this worker's part of what a provider gets at first. */
export function createLeasedPlaces({ nth, among, send, now }: LeasedPlacesParts): LeasedPlaces {
  const limits = new Map<string, LeasedLimit>()
  const changed = new Set<string>()
  const silence: Silence = { level: 'none' }
  let unheard = 0
  let told = Number.NEGATIVE_INFINITY
  let urgent: NodeJS.Immediate | NodeJS.Timeout | undefined

  function limitAt(key: string, first: () => ConstructorParameters<typeof LeasedLimit>[0]): LeasedLimit {
    const known = limits.get(key)
    if (known !== undefined) return known
    const made = new LeasedLimit(first(), silence, (isUrgent) => {
      changed.add(key)
      if (isUrgent && urgent === undefined) urgent = now() - told >= urgentMs ? setImmediate(tell) : setTimeout(tell, urgentMs)
    })
    limits.set(key, made)
    changed.add(key)
    return made
  }

  function tell(): void {
    urgent = undefined
    told = now()
    const needs: NamedNeed[] = []
    for (const key of changed) {
      const limit = limits.get(key)
      const need = limit?.takeNeed(told)
      if (need !== undefined) needs.push({ ...need, key })
      // While calls are under way what it needs may change without a word.
      if (limit?.isQuiet !== false) changed.delete(key)
    }
    if (needs.length > 0) send(needs)
  }

  function heard(seconds: number): void {
    unheard = seconds
    const level = unheard < shortSilence ? 'none' : unheard < longSilence ? 'short' : 'long'
    if (level === silence.level) return
    silence.level = level
    for (const limit of limits.values()) limit.silenceChanged(now())
  }

  const gathering = setInterval(tell, gatherMs)
  // Counted, not measured: when this whole machine was held up, what has come meanwhile is taken before the next second is counted.
  const hearing = setInterval(() => heard(unheard + 1), hearMs)
  gathering.unref()
  hearing.unref()

  const places: LeasedPlaces = {
    leased: undefined,
    limitOf: (key, rules) => limitAt(key, () => firstLease(rules, nth, among)),
    take(leases) {
      heard(0)
      for (const { key, ...lease } of leases) {
        limitAt(key, () => ({ ...lease, seq: lease.seq - 1, places: 0 })).take(lease, now())
        places.leased?.(key, lease.places)
      }
    },
    close() {
      clearInterval(gathering)
      clearInterval(hearing)
    },
  }
  return places
}
