import type { Origin } from '../spine/origin.ts'
import type { OperationAct } from './operations.ts'

/** The facts of the consumer's connection that the audit keeps (contract 8.2: ipAddr, certificateID, certificateDN, sslProtocol, sslCiphers). */
export interface AuditedConsumer {
  readonly address: string
  readonly certificateSha256?: string
  readonly certificateSubject?: string
  /** The names that it goes by, lower-cased, where they are others than its subject tells (`namesInSubject`), and it was good. */
  readonly certificateNames?: readonly string[]
  readonly tlsProtocol?: string
  readonly tlsCipher?: string
  readonly tlsResumed?: boolean
}

/** Who asked for what. Values of headers as far as they had the right form; what names a person is under `personal`. */
export interface AuditedRequest {
  readonly method: string
  readonly contentType?: string
  readonly traceId?: string
  readonly from?: string
  readonly to?: string
  readonly interaction?: string
  readonly traceparent?: string
  /** The target without its query, its identifiers replaced: fit for analytics. */
  readonly redactedUrl?: string
  /** Header names a caller sent that were dropped. */
  readonly droppedHeaders?: readonly string[]
}

/** What can name a patient or a user. Kept in the audit alone, and there sealed under the key of the period. */
export interface AuditedPersonal {
  /** The whole request target as it came. */
  readonly url?: string
  /** The claims section of the audit token: its JSON text as it came. */
  readonly claims?: string
  readonly requestSha256?: string
  readonly responseSha256?: string
  /** NHS numbers that the call names, as far as they were found in its query or body. */
  readonly subjects?: readonly string[]
}

/** A check that would have refused and was only observing. */
export interface Observation {
  readonly rule: string
  readonly code: string
  readonly reason: string
}

interface EntryBase {
  /** Version of the entry's layout. */
  readonly v: 1
  /** Wall-clock time, ms since 1970, when the fact happened. */
  readonly at: number
}

/** Written, and durable, before the first byte goes to a provider. */
export interface ForwardingEntry extends EntryBase {
  readonly type: 'forwarding'
  readonly exchange: string
  readonly consumer: AuditedConsumer
  readonly request: AuditedRequest
  readonly endpoint: { readonly cpaId: string; readonly url: string }
  readonly organisations: { readonly from: string; readonly to: string }
  readonly registryVersion: string
  readonly settingsVersion: string
  readonly sharingRule: string
  readonly observed: readonly Observation[]
  readonly personal: AuditedPersonal
}

/** How a forwarded exchange ended. Every forwarding entry gets exactly one; at the next start if need be (`interrupted`). */
export interface OutcomeEntry extends EntryBase {
  readonly type: 'outcome'
  readonly exchange: string
  /** `complete`: the whole answer reached the consumer's socket; `aborted`: a side went away; `refused`: no answer of the provider was passed. */
  readonly end: 'complete' | 'aborted' | 'refused' | 'interrupted'
  /** What the consumer was answered; 499 where it had gone before it could be. */
  readonly status: number
  /** What the provider answered, where it did. */
  readonly providerStatus?: number
  readonly origin: Origin
  readonly rule: string
  readonly reason?: string
  /** Its name in the catalogue of verdicts; absent in records of before there was one, and where the process ended first. */
  readonly verdict?: string
  readonly requestBytes: number
  readonly responseBytes: number
  /** Phase durations in milliseconds. */
  readonly phases: Readonly<Record<string, number>>
  readonly droppedHeaders?: readonly string[]
  readonly personal: AuditedPersonal
}

/** A call that was not forwarded. */
export interface RefusedEntry extends EntryBase {
  readonly type: 'refused'
  readonly exchange: string
  readonly consumer: AuditedConsumer
  readonly request: AuditedRequest
  readonly status: number
  readonly code: string
  readonly rule: string
  readonly origin: Origin
  readonly reason: string
  /** ODS codes, as far as they were established before the refusal. */
  readonly organisations?: { readonly from?: string; readonly to?: string }
  /** As in an outcome. */
  readonly verdict?: string
  readonly registryVersion?: string
  readonly observed: readonly Observation[]
  readonly phases: Readonly<Record<string, number>>
  readonly personal: AuditedPersonal
}

/** Refused calls that were only counted, by the flood rule: the counts add up with the single entries. */
export interface FloodEntry extends EntryBase {
  readonly type: 'flood'
  readonly since: number
  /** One line per (rule, status, key); `key` is an address, a certificate's SHA-256, or `*` for the rest of the process. */
  readonly counts: readonly { readonly rule: string; readonly status: number; readonly key: string; readonly count: number }[]
}

/** An operator's act, or the proxy's own: start, stop, reload, lockout. */
export interface OperationEntry extends EntryBase {
  readonly type: 'operation'
  /** `process`, `socket:<uid>`, `cli:<uid>` where no proxy ran, the SHA-256 and subject of an operator's certificate, or `party`, a space and those of a party's. */
  readonly actor: string
  readonly act: OperationAct
  readonly detail: Readonly<Record<string, string | number | boolean>>
}

/** Anything the audit trail holds. */
export type AuditEntry = ForwardingEntry | OutcomeEntry | RefusedEntry | FloodEntry | OperationEntry
