import type { IndexedExchange } from '../audit/index/indexed.ts'
import type { CircuitAct, CircuitTurn, GateState } from '../forwarding/gate-state.ts'
import type { MetricSnapshot } from '../metrics/metrics.ts'
import type { LeaseAsk, LeaseGrant } from '../protection/lease.ts'
import type { Evidence } from '../protection/lockout-rules.ts'
import type { PlaceLease, PlaceNeed } from '../protection/place-lease.ts'
import type { HeldQuota, Quota, QuotaNotice } from '../protection/quota.ts'
import type { Lockout, LockoutChange } from '../state/lockouts.ts'

/** A revocation list that the control process has fetched. */
export interface FetchedList {
  readonly url: string
  readonly der: Uint8Array
}

/** A worker's lease of the places at a gate. */
export interface NamedLease extends PlaceLease {
  readonly key: string
}

/** What a worker tells of a gate. */
export interface NamedNeed extends PlaceNeed {
  readonly key: string
}

/** What a worker begins with. */
export interface WorkerStart {
  readonly type: 'start'
  /** The part of its audit log's name: `w1`, `w2` and so on, the same for whoever takes its place. */
  readonly name: string
  /** Its place among them, from 0. */
  readonly nth: number
  /** Among how many the machine's limits are divided. */
  readonly among: number
  readonly configPath: string
  /** By which settings, registry, certificates and anchors the control process decides: it begins by the same, or not at all. */
  readonly fingerprint: string
  /** Of the settings that no reload changes, what the machine was started with, each with its place. */
  readonly atStart: readonly (readonly [setting: string, value: unknown])[]
  readonly ticketKey: Uint8Array
  readonly lockouts: readonly Lockout[]
  readonly lists: readonly FetchedList[]
  readonly held: readonly (readonly [host: string, act: CircuitAct])[]
  /** Circuits that are open, other than those that are held. */
  readonly turns: readonly CircuitTurn[]
  readonly ownPorts: readonly number[]
  /** What it has of providers that are known already. */
  readonly places: readonly NamedLease[]
  /** What it holds of quotas that are not divided evenly now. */
  readonly quotas: readonly HeldQuota[]
}

/** Issuers that a consumer sent with its certificate, DER, so that its session can be resumed at another worker. */
export interface LearnedIssuers {
  readonly type: 'issuers'
  readonly sha256: string
  readonly issuers: readonly Uint8Array[]
}

/** What is asked of a worker; it answers each once. */
export type Question =
  | { readonly type: 'lockout'; readonly change: LockoutChange }
  /** Whether it is there. */
  | { readonly type: 'drill' }
  /** Read the files anew and keep what they say, unused. */
  | { readonly type: 'prepare' }
  /** Use what was kept. */
  | { readonly type: 'swap' }
  | { readonly type: 'metrics' }

/** How a worker answers. */
export type Answer =
  | { readonly type: 'reached'; readonly cutConnections: number; readonly cutExchanges: number }
  | { readonly type: 'drilled' }
  | { readonly type: 'prepared'; readonly fingerprint: string }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'swapped'; readonly fingerprint: string; readonly port: number }
  | { readonly type: 'metrics'; readonly metrics: readonly MetricSnapshot[] }

/** What came of a party's look: the exchange, nothing where none is indexed, or what kept it from being made. */
export type Looked = { readonly shown: IndexedExchange | undefined } | { readonly unavailable: 'audit' | 'index'; readonly reason: string }

/** What a worker is told. */
export type Notice =
  | WorkerStart
  | LearnedIssuers
  | { readonly type: 'tickets'; readonly key: Uint8Array }
  | { readonly type: 'list'; readonly list: FetchedList }
  | { readonly type: 'hold'; readonly host: string; readonly act: CircuitAct }
  | { readonly type: 'turned'; readonly turn: CircuitTurn }
  | { readonly type: 'leased'; readonly lease: number; readonly grants: readonly LeaseGrant[] }
  | { readonly type: 'quota'; readonly notice: QuotaNotice }
  /** Twice a second at least, perhaps with nothing. */
  | { readonly type: 'places'; readonly leases: readonly NamedLease[] }
  | { readonly type: 'looked'; readonly look: number; readonly looked: Looked }
  | { readonly type: 'own-ports'; readonly ports: readonly number[] }
  /** It has been told of every lockout. */
  | { readonly type: 'told-lockouts'; readonly question: number }
  | { readonly type: 'abandon' }
  | { readonly type: 'drain' }

/** From the control process to a worker. */
export type ToWorker = Notice | { readonly type: 'ask'; readonly id: number; readonly question: Question }

/** How a worker does, told several times a second. */
export interface WorkerReport {
  readonly type: 'report'
  readonly connections: number
  readonly open: number
  /** Why its audit log takes no record; undefined where it does. */
  readonly unwritable: string | undefined
  readonly degraded: string | undefined
  readonly gates: readonly GateState[]
}

/** From a worker to the control process. */
export type FromWorker =
  | { readonly type: 'ready'; readonly port: number; readonly fingerprint: string }
  /** It cannot start, and ends. */
  | { readonly type: 'failed'; readonly why: string }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'suspected'; readonly evidence: readonly Evidence[] }
  | { readonly type: 'lease'; readonly lease: number; readonly asks: readonly (LeaseAsk & { readonly bucket: string })[] }
  | { readonly type: 'places'; readonly needs: readonly NamedNeed[] }
  /** It lacks so much more of a quota; it is told `quota`. */
  | { readonly type: 'borrow'; readonly quota: Quota; readonly need: number }
  /** What it holds of a quota of which it was to give up what it does not use. */
  | { readonly type: 'gave'; readonly held: HeldQuota }
  /** A party looks at an exchange; it is told `looked`. */
  | { readonly type: 'look'; readonly look: number; readonly actor: string; readonly exchange: string }
  | { readonly type: 'renew-tickets' }
  /** It may have missed lockouts; it is told `told-lockouts`. */
  | { readonly type: 'ask-lockouts'; readonly question: number }
  | { readonly type: 'turned'; readonly turn: CircuitTurn }
  | WorkerReport
  | LearnedIssuers
