import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import type { Arrival } from '../spine/arrival.ts'
import type { Origin } from '../spine/origin.ts'
import type { Refusal } from '../spine/refusal.ts'

/** How one exchange ended, for whoever counts or logs. Nothing in it names a person. */
export interface ExchangeEnd {
  readonly arrival: Arrival
  readonly status: number
  readonly providerStatus: number | undefined
  readonly origin: Origin
  readonly rule: string
  readonly end: 'complete' | 'aborted' | 'refused' | 'interrupted'
  /** For the log; never names a person. Absent where all went well. */
  readonly reason: string | undefined
  /** It has records of its own, and is not only counted. */
  readonly onRecord: boolean
  readonly interactionId: string | undefined
  readonly consumer: AccreditedSystem | undefined
  readonly endpoint: ProviderEndpoint | undefined
  /** By which the call was refused, or cut. */
  readonly refusal: Refusal | undefined
  readonly observed: readonly Refusal[]
  readonly droppedFromRequest: readonly string[]
  readonly droppedFromAnswer: readonly string[]
  readonly requestBytes: number
  readonly responseBytes: number
  /** Milliseconds by phase. */
  readonly phases: Readonly<Record<string, number>>
}

/** Somebody who is told how exchanges end. Must not throw and must not wait. */
export interface ExchangeObserver {
  began(): void
  ended(end: ExchangeEnd): void
}
