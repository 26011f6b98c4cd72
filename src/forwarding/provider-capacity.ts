import type { GatePlace, GateRefusal, GateSample, SharedTurn } from '../protection/gate-call.ts'
import type { GateRules } from '../protection/gate-rules.ts'
import type { LeasedLimit } from '../protection/leased-limit.ts'
import { ProviderGate } from '../protection/provider-gate.ts'
import type { WaitingCall } from '../protection/waiting-flow.ts'
import type { ProviderEndpoint } from '../spine/accredited-system.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { AnswerSink } from './answer-sink.ts'
import { gateKey } from './gate-key.ts'
import type { CapacityRules } from './gate-rules.ts'
import { type CircuitAct, type CircuitTurn, type GateState, idleState } from './gate-state.ts'

/** A call that asks for a place. */
export interface CapacityCall {
  readonly endpoint: ProviderEndpoint
  readonly interactionId: string
  readonly consumer: { readonly asid: string }
}

/** A place at a provider; given back once with `leave`. */
export interface CapacityPlace {
  readonly gate: ProviderGate
  readonly place: GatePlace
  readonly kind: number
  /** What would have been refused or kept waiting, were it not only observed. */
  readonly observed: Refusal | undefined
}

/** Somebody who is told of waiting and refusals, to count them. */
export interface CapacityObserver {
  /** A call stopped waiting: it got its place, was refused, or its caller hung up. */
  waited(how: 'granted' | 'hung-up' | GateRefusal): void
  /** A call was refused without having waited. */
  refused(why: GateRefusal): void
  /** A circuit opened or closed by what was seen here. */
  turned?(turn: CircuitTurn): void
}

/** Limits of providers that this process leases from where all processes of a machine learn them together. */
export interface LeasedLimits {
  /** The one of a gate's key; the rules count where nothing has been leased yet. */
  limitOf(key: string, rules: GateRules): LeasedLimit
  /** Who is told of each lease: so many places at a gate of this key. One only. */
  leased: ((key: string, places: number) => void) | undefined
}

/** Row 15: which calls may go to a provider now, which wait, and which do not. One gate a host and pin, as there is one pool of connections. */
export interface ProviderCapacity {
  /** A place or the refusal at once, or a promise where the call waits; it is never rejected. `sink` tells when a waiting caller hangs up. */
  reserve(call: CapacityCall, sink: Pick<AnswerSink, 'listener'>): CapacityPlace | Refusal | Promise<CapacityPlace | Refusal>
  /** Gives a place back, once, with how it went. */
  leave(place: CapacityPlace, sample: GateSample): void
  /** Holds or releases the circuits of a host, those that come to be later too. */
  hold(host: string, act: CircuitAct): void
  /** Takes over what a circuit became in another process of this machine; tells nobody. */
  adopt(turn: CircuitTurn): void
  states(): readonly GateState[]
  /** What is only observed, for at least one provider: `provider-limit`, `provider-circuit`. */
  readonly observing: readonly string[]
  /** Goes by other rules from now on; what was learned of providers, and who waits, stays. */
  follow(rules: CapacityRules, waitingInAll: number): void
  /** Refuses all that wait. */
  close(): void
}

interface Entry {
  readonly host: string
  readonly gate: ProviderGate
  readonly leased: LeasedLimit | undefined
  timer: NodeJS.Timeout | undefined
  lastUsed: number
}

/** What was learned of a provider that nobody has called for so long is forgotten. */
const forgottenAfterMs = 3_600_000
const longestRetryAfterSeconds = 300
const rule = 'provider-capacity'

/** Makes it. `now` is monotonic, in ms; without `leases` each limit is learned here. */
export function createProviderCapacity(
  firstRules: CapacityRules,
  mostWaiting: number,
  observer: CapacityObserver,
  now: () => number,
  leases?: LeasedLimits,
): ProviderCapacity {
  const entries = new Map<string, Entry>()
  const held = new Map<string, CircuitAct>()
  let rules = firstRules
  let waitingInAll = mostWaiting
  let waiting = 0

  function entryOf({ host, pin }: Pick<ProviderEndpoint, 'host' | 'pin'>): Entry {
    const key = gateKey(host, pin)
    const known = entries.get(key)
    if (known !== undefined) return known
    const turned = (to: SharedTurn): void => observer.turned?.({ host, ...(pin !== undefined && { pin }), to })
    const own = rules.gate(host)
    const leased = leases?.limitOf(key, own)
    const gate = new ProviderGate(own, rules.kinds, turned, leased)
    leased?.serve(gate)
    const made: Entry = { host, gate, leased, timer: undefined, lastUsed: 0 }
    const act = held.get(host)
    if (act !== undefined) made.gate.hold(act, now())
    entries.set(key, made)
    return made
  }

  const sweeper = setInterval(() => {
    for (const [key, { gate, lastUsed }] of entries)
      if (gate.inFlight + gate.waiting === 0 && gate.breaker.kind === 'closed' && now() - lastUsed > forgottenAfterMs) entries.delete(key)
  }, 60_000)
  sweeper.unref()

  function refusal({ host, gate }: Entry, why: GateRefusal): Refusal {
    const seconds = Math.min(longestRetryAfterSeconds, Math.max(1, Math.ceil(gate.retryAfterMs(why, now()) / 1000)))
    const headers = ['Retry-After', String(seconds)]
    if (why === 'unavailable')
      return refuse(rule, 'PROVIDER_UNAVAILABLE', { reason: `the circuit to ${host} is ${gate.breaker.kind}`, headers })
    const busy = `${gate.inFlight} calls to ${host} are under way (the limit is ${gate.limit.limit}) and ${gate.waiting} wait`
    return refuse(rule, 'PROVIDER_BUSY', { reason: why === 'full' ? busy : `${busy}; no place in time`, headers })
  }

  function placeAt(entry: Entry, place: GatePlace, kind: number): CapacityPlace {
    const why = place.observed
    const observed = why === undefined ? undefined : refusal(entry, why === 'circuit' ? 'unavailable' : 'full')
    return { gate: entry.gate, place, kind, observed }
  }

  /** Sets the alarm for the call that has waited longest. */
  function watch(entry: Entry): void {
    const { deadline } = entry.gate
    if (deadline === undefined || entry.timer !== undefined) return
    entry.timer = setTimeout(
      () => {
        entry.timer = undefined
        entry.gate.expire(now())
        watch(entry)
      },
      Math.max(1, Math.ceil(deadline - now())),
    )
  }

  function wait(
    entry: Entry,
    { interactionId, consumer }: CapacityCall,
    sink: Pick<AnswerSink, 'listener'>,
  ): Promise<CapacityPlace | Refusal> | undefined {
    const { promise, resolve } = Promise.withResolvers<CapacityPlace | Refusal>()
    const ends = (how: Parameters<CapacityObserver['waited']>[0], result: CapacityPlace | Refusal): void => {
      waiting--
      sink.listener = undefined
      observer.waited(how)
      resolve(result)
    }
    const call: WaitingCall<unknown> | undefined = entry.gate.wait(
      { consumer: consumer.asid, rank: rules.rankOf(interactionId) },
      {
        granted: (place) => ends('granted', placeAt(entry, place, rules.kindOf(interactionId))),
        refused: (why) => ends(why, refusal(entry, why)),
      },
      now(),
    )
    if (call === undefined) return undefined
    waiting++
    sink.listener = {
      drained() {},
      gone() {
        entry.gate.cancel(call as Parameters<ProviderGate['cancel']>[0], now())
        ends('hung-up', hungUp)
      },
    }
    watch(entry)
    return promise
  }

  return {
    get observing() {
      return rules.observing
    },
    reserve(call, sink) {
      const entry = entryOf(call.endpoint)
      const at = now()
      entry.lastUsed = at
      const found = entry.gate.enter(call.consumer.asid, at)
      if (typeof found !== 'string') return placeAt(entry, found, rules.kindOf(call.interactionId))
      if (found === 'full') entry.leased?.lacked()
      const waits = found === 'full' && waiting < waitingInAll ? wait(entry, call, sink) : undefined
      if (waits !== undefined) return waits
      observer.refused(found)
      return refusal(entry, found)
    },
    leave: ({ gate, place, kind }, sample) => gate.leave(place, kind, sample, now()),
    hold(host, act) {
      if (act === 'release') held.delete(host)
      else held.set(host, act)
      for (const entry of entries.values()) if (entry.host === host) entry.gate.hold(act, now())
    },
    adopt({ to, ...endpoint }) {
      const entry = entryOf(endpoint)
      entry.lastUsed = now()
      entry.gate.adopt(to, now())
    },
    states() {
      const gates = [...entries.values()].map(({ host, gate }) => ({
        host,
        circuit: gate.breaker.kind,
        opensInMs: gate.retryAfterMs('unavailable', now()),
        limit: gate.limit.limit,
        inFlight: gate.inFlight,
        waiting: gate.waiting,
      }))
      const idle = [...held].filter(([host]) => !gates.some((one) => one.host === host))
      return [...gates, ...idle.map(([host, act]) => idleState(host, act))]
    },
    follow(next, most) {
      rules = next
      waitingInAll = most
      for (const { host, gate } of entries.values()) gate.follow(rules.gate(host), now())
    },
    close() {
      clearInterval(sweeper)
      for (const { gate, timer } of entries.values()) {
        clearTimeout(timer)
        gate.refuseAll(now())
      }
    },
  }
}

const hungUp = refuse(rule, 'PROVIDER_BUSY', {
  status: 499,
  origin: 'consumer-network',
  reason: 'the consumer closed its connection while its call waited for the provider',
})
