import type { Lookups } from '../audit/index/lookups.ts'
import type { Witness } from '../audit/witness/witness.ts'
import type { CircuitAct, GateState } from '../forwarding/gate-state.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LockoutSelector, Lockouts } from '../state/lockouts.ts'
import type { ExpiryGauges } from './expiry-gauges.ts'

/** One condition of being ready. Name and detail are shown to anybody who can reach the port: they name no person. */
export interface ReadinessItem {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/** Whether calls would be forwarded now, and by what. */
export interface Readiness {
  readonly ready: boolean
  readonly items: readonly ReadinessItem[]
  /** Parts that do less than they should while calls go on, each with why; shown to anybody who can reach the port. */
  readonly degraded: readonly string[]
  /** What an operator should see to although calls are forwarded. */
  readonly warnings: readonly string[]
  /** Names of the checks that only observe. */
  readonly observed: readonly string[]
}

/** What `/version` says. */
export interface Version {
  readonly name: string
  readonly version: string
  readonly node: string
  readonly commit?: string
}

/** What a reload came to; where it is not ok, what was in force before still is. */
export interface ReloadResult {
  readonly ok: boolean
  readonly detail: string
}

/** The circuits in front of providers. */
export interface Circuits {
  /** Those of providers that are known or held. */
  list(): readonly GateState[]
  /** Whether a provider of this host is registered. */
  isRegistered(host: string): boolean
  /** Holds a host's circuits until they are released, across restarts; or releases them. Rejects with the system's error where that cannot be kept, and nothing has changed. */
  hold(host: string, act: CircuitAct): Promise<void>
}

/** An operator's act is audited under this name before it is done. */
export type OpsAct =
  | 'reload'
  | 'lockout-add'
  | 'lockout-confirm'
  | 'lockout-release'
  | 'lockout-drill'
  | 'circuit-hold-open'
  | 'circuit-hold-closed'
  | 'circuit-release'

/** The parts of the proxy that operators see and steer. An `actor` is written as `AuditEntry.actor` has it. */
export interface OpsParts {
  readonly version: Version
  readonly metrics: Metrics
  readonly expiry: ExpiryGauges
  readonly lockouts: Pick<Lockouts, 'list' | 'add' | 'confirm' | 'release' | 'drill'>
  /** Whether the directory in force holds the party; a certificate is none that it could hold. */
  isRegistered(selector: LockoutSelector): boolean
  readonly circuits: Circuits
  readonly lookups: Lookups
  /** This proxy as a witness of others' logs; undefined where the settings have it as none. */
  witness(): Witness | undefined
  readiness(): Readiness
  reload(actor: string): Promise<ReloadResult>
  /** The settings in force, secrets already hidden. */
  effectiveConfig(): unknown
  /** Resolves once the act is on disk in the audit; where it rejects, the act is not done. */
  act(actor: string, act: OpsAct, detail: Readonly<Record<string, string | number | boolean>>): Promise<void>
  /** Told of every error that nobody foresaw, with the route, for the log; the caller of the route learns nothing of it. */
  unforeseen(error: unknown, route: string): void
}
