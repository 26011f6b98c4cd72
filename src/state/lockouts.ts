/** What a lockout can name: a certificate by its SHA-256, a system by its ASID, a party key, an organisation by its ODS code, a provider's endpoint by its CPA id. */
export const lockoutKinds = ['certificate', 'asid', 'partyKey', 'organisation', 'endpoint'] as const

/** One of the things a lockout can name. */
export type LockoutKind = (typeof lockoutKinds)[number]

/** Exactly one thing that is locked out. */
export interface LockoutSelector {
  readonly kind: LockoutKind
  /** In the form of `normalisedSelector`. */
  readonly value: string
}

/** One party shut out, by whom and why. */
export interface Lockout {
  /** A random UUID. */
  readonly id: string
  readonly selector: LockoutSelector
  /** Who shut it out: an actor as the audit writes it. */
  readonly author: string
  readonly reason: string
  /** When it was made, ms since 1970. */
  readonly created: number
  /** When it ends by itself, ms since 1970; without it, when it is released. */
  readonly until?: number
}

/** What is asked for when a lockout is made. */
export interface LockoutRequest {
  readonly selector: LockoutSelector
  /** 1 to 500 characters, none of them a control character. */
  readonly reason: string
  /** How long it lasts; without it, until it is released. */
  readonly forSeconds?: number
}

/** What has just come into force or ceased by an operator's act. An expiry is not told: it opens a door and cuts nothing. */
export interface LockoutChange {
  readonly type: 'added' | 'released'
  readonly lockout: Lockout
}

/** Who is locked out. */
export interface Lockouts {
  /** How many are kept, expired ones perhaps included: 0 lets a check skip its look-ups. */
  readonly size: number
  /** The lockout in force now on this value, which must be in the form of `normalisedSelector`. In memory, one look-up: for every request. */
  find(kind: LockoutKind, value: string): Lockout | undefined
  /** All that are in force now, oldest first. */
  list(): readonly Lockout[]
  /** In force and on disk once it resolves. Rejects, and is not in force, with `LockoutRefused` on a bad request or a full list and with the system's error where it could not be written. */
  add(request: LockoutRequest, author: string): Promise<Lockout>
  /** The released lockout, gone from memory and disk; undefined where no lockout in force has this id. */
  release(id: string): Promise<Lockout | undefined>
  /** Tells each change once it is in force, so that open connections can be cut. Listeners must not throw. Returns what ends it. */
  onChange(listener: (change: LockoutChange) => void): () => void
}

/** A lockout that cannot be made; the message says why and is fit for the operator. */
export class LockoutRefused extends Error {
  override readonly name = 'LockoutRefused'
}

/** The stored list cannot be trusted: starting without it would let in whoever was shut out. */
export class LockoutsUnreadable extends Error {
  override readonly name = 'LockoutsUnreadable'
}

/** The form of a selector that look-ups compare: a certificate in lower-case hex, a party key in upper case, the rest as it is; undefined where the value cannot be one. */
export function normalisedSelector(kind: LockoutKind, value: string): LockoutSelector | undefined {
  switch (kind) {
    case 'certificate':
      return /^[0-9a-f]{64}$/i.test(value) ? { kind, value: value.toLowerCase() } : undefined
    case 'asid':
      return /^[0-9]{12}$/.test(value) ? { kind, value } : undefined
    case 'partyKey':
      return /^[0-9a-z-]{1,64}$/i.test(value) ? { kind, value: value.toUpperCase() } : undefined
    case 'organisation':
      return /^[0-9a-z]{1,32}$/i.test(value) ? { kind, value } : undefined
    case 'endpoint':
      // As a CPA id stands in the directory: any other value would lock out nobody, without a word.
      return /^[A-Za-z0-9:_-]{1,128}$/.test(value) ? { kind, value } : undefined
  }
}
