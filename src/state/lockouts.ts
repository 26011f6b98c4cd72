/**
 * What a lockout can name: a certificate by its SHA-256, a system by its ASID, a party key, an organisation by its ODS code, a provider's
 * endpoint by its CPA id, or a certificate as far as it speaks for one system (`SHA256:ASID`), so that a supplier's shared one is not lost whole.
 */
export const lockoutKinds = ['certificate', 'asid', 'partyKey', 'organisation', 'endpoint', 'binding'] as const

/** One of the things a lockout can name. */
export type LockoutKind = (typeof lockoutKinds)[number]

/** Exactly one thing that is locked out. */
export interface LockoutSelector {
  readonly kind: LockoutKind
  /** In the form of `normalisedSelector`. */
  readonly value: string
}

/** What a lockout does: `block` refuses and cuts; `slow` lets every request wait first. */
export const lockoutEffects = ['block', 'slow'] as const

/** One of the things that a lockout does. */
export type LockoutEffect = (typeof lockoutEffects)[number]

/** Where a lockout stands: `proposed` waits for a second person and does nothing; `released` is kept so that no other node brings it back. */
export const lockoutStates = ['proposed', 'inForce', 'released'] as const

/** One of the places where a lockout can stand. */
export type LockoutState = (typeof lockoutStates)[number]

/** One party shut out, by whom and why, as its last change left it. */
export interface Lockout {
  /** A random UUID. */
  readonly id: string
  readonly selector: LockoutSelector
  readonly effect: LockoutEffect
  readonly state: LockoutState
  /** Who shut it out: an actor as the audit writes it, or `rule:NAME`. */
  readonly author: string
  readonly reason: string
  /** Exchanges by which a rule came to it. */
  readonly evidence?: readonly string[]
  /** When it was made, ms since 1970. */
  readonly created: number
  /** When it ends by itself, ms since 1970; without it, when it is released. */
  readonly until?: number
  /** The number of the change that left it so: of two versions of one lockout the higher counts, on every node. */
  readonly epoch: number
  /** When, on which node and by whom that change was made. */
  readonly changed: number
  readonly node: string
  readonly changedBy: string
}

/** What is asked for when a lockout is made. */
export interface LockoutRequest {
  readonly selector: LockoutSelector
  /** Default: `block`. */
  readonly effect?: LockoutEffect
  /** 1 to 500 characters, none of them a control character. */
  readonly reason: string
  /** How long it lasts; without it, until it is released. */
  readonly forSeconds?: number
  /** Exchanges that speak for it. */
  readonly evidence?: readonly string[]
}

/** What has just changed on this node, whoever changed it where. An expiry is not told: it opens a door and cuts nothing. */
export interface LockoutChange {
  readonly type: 'added' | 'proposed' | 'released'
  readonly lockout: Lockout
}

/** Whether it shuts somebody out from now on: what is under way for them must be cut. */
export function isBlock({ type, lockout }: LockoutChange): boolean {
  return type === 'added' && lockout.effect === 'block'
}

/** One node's answer to a drill: how long it took to say that it had been told, or that it has not within the time. */
export interface DrillAnswer {
  readonly node: string
  readonly milliseconds?: number
}

/** Whether this node hears of what others change; alone it always does. */
export type LockoutHealth =
  | { readonly shared: boolean; readonly ok: true }
  | { readonly shared: true; readonly ok: false; readonly since: number; readonly why: string }

/** Who is locked out, as a check asks it. */
export interface LockedOut {
  /** How many are kept, expired ones perhaps included: 0 lets a check skip its look-ups. */
  readonly size: number
  /** The block in force now on this value, which must be in the form of `normalisedSelector`. In memory, one look-up: for every request. */
  find(kind: LockoutKind, value: string): Lockout | undefined
  /** The slowing-down in force now on this value. */
  findSlow(kind: LockoutKind, value: string): Lockout | undefined
}

/** Who is locked out, and how that changes. */
export interface Lockouts extends LockedOut {
  /** All that are in force or proposed now, oldest first. */
  list(): readonly Lockout[]
  /** In force here (or proposed, where a second person must confirm) and on disk once it resolves; other nodes are told at the same time. Rejects, and is not in force, with `LockoutRefused` on a bad request or a full list and with the system's error where it could not be written. */
  add(request: LockoutRequest, author: string): Promise<Lockout>
  /** Puts a proposed one in force. Undefined where there is none of this id; rejects with `LockoutRefused` where it is in force already or the same actor proposed it. */
  confirm(id: string, actor: string): Promise<Lockout | undefined>
  /** The released lockout, out of force and off the disk's list; undefined where no lockout has this id. */
  release(id: string, actor: string): Promise<Lockout | undefined>
  /** Sends a change that changes nothing to every node, and times their answers. */
  drill(): Promise<readonly DrillAnswer[]>
  /** Tells each change once it is in force, so that open connections can be cut. Listeners must not throw. Returns what ends it. */
  onChange(listener: (change: LockoutChange) => void): () => void
  readonly health: LockoutHealth
  /** Resolves once this node knows what the others knew when it was called, or after `withinMs`. Says which. */
  caughtUp(withinMs: number): Promise<boolean>
  /** Tells and hears nothing more. Resolves once what is under way is on disk, or could not be written. */
  close(): Promise<void>
}

/** What a reason must be, for people. */
export const reasonForm = 'A reason has 1 to 500 characters and no control characters.'

/** Whether the text may stand as the reason of a lockout. */
export function isReason(text: string): boolean {
  return /^[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u.test(text)
}

/** A lockout that cannot be made; the message says why and is fit for the operator. */
export class LockoutRefused extends Error {
  override readonly name = 'LockoutRefused'
}

/** The stored list cannot be trusted: starting without it would let in whoever was shut out. */
export class LockoutsUnreadable extends Error {
  override readonly name = 'LockoutsUnreadable'
}

/** A hundred years; what shall last longer lasts until it is released. */
export const longestLockoutSeconds = 3_155_760_000

/** A SHA-256 in hex without the colons that `openssl x509 -fingerprint` writes between its bytes. */
function plainDigest(value: string): string {
  return /^[0-9a-f]{2}(?::[0-9a-f]{2}){31}$/i.test(value) ? value.replaceAll(':', '') : value
}

/** The form of a selector that look-ups compare: a certificate in lower-case hex without colons, a party key in upper case, the rest as it is; undefined where the value cannot be one. */
export function normalisedSelector(kind: LockoutKind, value: string): LockoutSelector | undefined {
  switch (kind) {
    case 'certificate': {
      const digest = plainDigest(value)
      return /^[0-9a-f]{64}$/i.test(digest) ? { kind, value: digest.toLowerCase() } : undefined
    }
    case 'asid':
      return /^[0-9]{12}$/.test(value) ? { kind, value } : undefined
    case 'partyKey':
      return /^[0-9a-z-]{1,64}$/i.test(value) ? { kind, value: value.toUpperCase() } : undefined
    case 'organisation':
      return /^[0-9a-z]{1,32}$/i.test(value) ? { kind, value } : undefined
    case 'binding':
      return /^[0-9a-f]{64}:[0-9]{12}$/i.test(value) ? { kind, value: value.toLowerCase() } : undefined
    case 'endpoint':
      // As a CPA id stands in the directory: any other value would lock out nobody, without a word.
      return /^[A-Za-z0-9:_-]{1,128}$/.test(value) ? { kind, value } : undefined
  }
}
