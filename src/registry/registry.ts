import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'

/** What a look-up by identifier found. `faulty` is a record that exists and was set aside at load: the answer to a call that needs it is 503. */
export type SystemLookup =
  | { readonly kind: 'found'; readonly system: AccreditedSystem }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'faulty'; readonly reason: string }

/** What a look-up of an endpoint found. */
export type EndpointLookup =
  | { readonly kind: 'found'; readonly endpoint: ProviderEndpoint }
  | { readonly kind: 'none' }
  | { readonly kind: 'faulty'; readonly reason: string }

/** A data-sharing decision and the rule that made it; `rule` is the reference of the rule, or `default`. */
export interface SharingDecision {
  readonly allowed: boolean
  readonly rule: string
}

/** Anything wrong with one record, with where it stands. */
export interface RegistryFinding {
  readonly severity: 'error' | 'warning'
  /** `file:line`. */
  readonly place: string
  /** ASID or CPA id where known, else empty. */
  readonly record: string
  readonly message: string
}

/** What names a party of the directory: an ASID, an ODS code, a party key, the CPA id of an endpoint. */
export type PartyKind = 'asid' | 'organisation' | 'partyKey' | 'endpoint'

/**
 * The directory as one load of it left it: immutable, every look-up in memory and O(1) or nearly so.
 * A reload makes a new one; a request keeps the one it began with.
 */
export interface Registry {
  /** SHA-256 over the files' bytes, the first 16 hex digits: which directory a decision was made by. */
  readonly version: string
  /** When it was loaded, ms since 1970. */
  readonly loadedAt: number
  readonly counts: { readonly systems: number; readonly endpoints: number; readonly faulty: number; readonly sharingRules: number }
  /** How many records of the directory that was in force before are not in this one: a file that was cut off between two records loses some, and cannot be told from a shorter one. */
  readonly vanished: number
  readonly findings: readonly RegistryFinding[]
  system(asid: string): SystemLookup
  /** Section 8 of the decisions: by (ODS code, party key, interaction), else the only one of (party key, interaction). */
  endpoint(receiver: AccreditedSystem, interaction: string): EndpointLookup
  /**
   * The name under which the directory knows an interaction of the wire; the same where they do not differ. It is for
   * `system.interactions.has(…)`: `endpoint()` and `sharing()` apply it themselves.
   */
  directoryInteraction(interaction: string): string
  /** The party keys for which a certificate with this lower-cased name is registered; empty where none is. */
  partyKeysOf(fqdn: string): ReadonlySet<string>
  /** The organisations that hold one of those party keys. */
  organisationsOf(fqdn: string): ReadonlySet<string>
  /** How many systems a certificate with these names and fingerprints may speak for: more than one, and it is shared. */
  systemsSpokenFor(certificate: { readonly names: readonly string[]; readonly sha256: string; readonly publicKeySha256: string }): number
  /** Certificate or public-key SHA-256 pins (lower-case hex) that the directory's own settings give an ASID. */
  pinsOf(asid: string): readonly string[]
  /** Whether `from` may send `interaction` to `to` at this moment (ms since 1970). */
  sharing(from: AccreditedSystem, to: AccreditedSystem, interaction: string, at: number): SharingDecision
  /** Whether some record bears this value, in force or set aside; party keys in upper case. For operators: it looks through all records. */
  holds(kind: PartyKind, value: string): boolean
  /** Every distinct endpoint host, for pools, certificate gauges and the dial guard. */
  readonly hosts: ReadonlySet<string>
}

/** A load that could not be used, and why; the last good registry stays in force. */
export class RegistryRejected extends Error {
  override readonly name = 'RegistryRejected'
  readonly findings: readonly RegistryFinding[]
  constructor(message: string, findings: readonly RegistryFinding[] = []) {
    super(message)
    this.findings = findings
  }
}

/** Where registries come from. One method: load afresh. Rejects with `RegistryRejected`. */
export interface RegistrySource {
  load(previous?: Registry): Promise<Registry>
}
