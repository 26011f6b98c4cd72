import type { Refusal } from './refusal.ts'
import type { TargetUrl } from './target-url.ts'

/** What was found about the certificate that a consumer presented, at the moment of one request. */
export type CertificateVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'bad'; readonly reason: string; readonly sha256: string; readonly subject: string }
  | { readonly kind: 'good'; readonly certificate: ConsumerCertificate }

/** A certificate that chains to the anchors, is in date, for client authentication, and not revoked. */
export interface ConsumerCertificate {
  readonly sha256: string
  /** SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hex. */
  readonly publicKeySha256: string
  readonly subject: string
  /** Lower-cased dNSNames, or the CN where there are none; never a wildcard. */
  readonly names: readonly string[]
  readonly notAfter: number
}

/** The consumer's connection, as far as a decision or the audit needs it. */
export interface ConsumerConnection {
  readonly address: string
  readonly tlsProtocol: string
  readonly tlsCipher: string
  readonly tlsResumed: boolean
  /** SHA-256 of the presented certificate, whatever it is worth. */
  readonly certificateSha256: string | undefined
  readonly certificateSubject: string | undefined
  /** Judges the certificate now: date, chain, revocation. Cheap enough for every request. */
  judge(): CertificateVerdict
  /** Resolves, in bounded time, when somebody who must be asked about the certificate has answered; undefined where nobody need be. Never rejects. */
  ready?(): Promise<void> | undefined
}

/** How a request's body is framed. */
export type BodyFraming = { readonly kind: 'none' } | { readonly kind: 'length'; readonly bytes: number } | { readonly kind: 'chunked' }

/** What the wire said, read once: the headers that decide, and the one clean URL. */
export interface WireForm {
  readonly target: TargetUrl
  readonly body: BodyFraming
  /** Names in `Connection`, lower-cased. */
  readonly connectionNames: readonly string[]
}

/** The form of a request for what the proxy itself keeps of an exchange, `/ssp/exchanges/{id}`: it names no provider and is never forwarded. */
export interface LookForm extends Omit<WireForm, 'target'> {
  /** The id as the request has it; an exchange has it or has not. */
  readonly exchangeSought: string
}

/** Tells a request for an exchange's verdict from one that is to be forwarded. */
export function isLook(form: WireForm | LookForm | Refusal): form is LookForm {
  return 'exchangeSought' in form
}

/** One request as it arrived, before anybody has decided anything about it. */
export interface Arrival {
  /** Ours: 128 random bits in 32 hex digits. */
  readonly exchange: string
  /** ms since 1970. */
  readonly at: number
  /** Monotonic ms. */
  readonly started: number
  readonly connection: ConsumerConnection
  readonly method: string
  /** The request target as it came. */
  readonly rawTarget: string
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: readonly string[]
  /** The headers' names once more, lower-cased: of the pair at `2 * i` the i-th. */
  readonly headerNames: readonly string[]
  /** By lower-cased name, the value of headers that came once; joined by ", " where they came several times. */
  readonly headers: ReadonlyMap<string, string>
  readonly httpVersion: string
  /** The wire's form, or what is wrong with it. */
  readonly form: WireForm | LookForm | Refusal
}
