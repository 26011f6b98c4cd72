import { z } from 'zod'
import { type Lockout, lockoutEffects, lockoutKinds, lockoutStates, normalisedSelector } from './lockouts.ts'

/** A lockout as it is kept and sent: with the signature of the node that changed it last. */
export interface LockoutRecord extends Lockout {
  readonly signature: { readonly key: string; readonly value: string }
}

const signature = z.strictObject({ key: z.string().regex(/^[0-9a-f]{16}$/), value: z.string().regex(/^[A-Za-z0-9+/]{86}==$/) })

/** An actor as the audit writes it: the longest are a certificate's SHA-256 and some 300 characters of its subject, 512 in records of earlier versions. */
const actor = z.string().min(1).max(1_024)
/** The 500 characters of `isReason` are up to twice as many units of UTF-16, which are what is counted here. */
const longestReason = 1_000

/** What a record of a file or a message must be, to the field: everything that a node can be asked for, or its own file would stop its next start. */
export const lockoutRecord = z
  .strictObject({
    id: z.uuid(),
    selector: z.strictObject({ kind: z.enum(lockoutKinds), value: z.string() }),
    effect: z.enum(lockoutEffects),
    state: z.enum(lockoutStates),
    author: actor,
    reason: z.string().min(1).max(longestReason),
    evidence: z.array(z.string().max(64)).max(32).exactOptional(),
    created: z.int().nonnegative(),
    until: z.int().nonnegative().exactOptional(),
    epoch: z.int().positive(),
    changed: z.int().nonnegative(),
    node: z.string().min(1).max(100),
    changedBy: actor,
    signature,
  })
  .refine(({ selector }) => normalisedSelector(selector.kind, selector.value)?.value === selector.value, {
    error: 'the selector’s value has not the form of its kind',
  })

/** How long a release without an end is remembered, so that a node that was away for less does not bring its lockout back. */
const rememberedMs = 90 * 86_400_000

/** Higher counts at the same epoch, which two nodes give when neither hears of the other: what shuts out wins. */
const weight = { inForce: 2, released: 1, proposed: 0 } as const

/** Whether a version of a lockout replaces the one that is known. The same on every node, in whatever order they come. */
export function supersedes(next: LockoutRecord, known: LockoutRecord | undefined): boolean {
  if (known === undefined) return true
  if (next.epoch !== known.epoch) return next.epoch > known.epoch
  if (next.state !== known.state) return weight[next.state] > weight[known.state]
  return next.node !== known.node && next.node > known.node
}

/** At the same epoch, by which Redis can decide alike without reading the record: what `supersedes` goes by first. */
export function rankOf({ state }: Lockout): number {
  return weight[state]
}

/** Whether nobody needs the record any more: it has ended, or was released long ago. */
export function isPast({ state, until, changed }: Lockout, now: number): boolean {
  return until !== undefined ? until <= now : state === 'released' && changed + rememberedMs <= now
}

/** The bytes that are signed: every field, in this order. */
export function signedBytes(lockout: Lockout): Buffer {
  const { id, selector, effect, state, author, reason, evidence, created, until, epoch, changed, node, changedBy } = lockout
  const fields = [
    id,
    selector.kind,
    selector.value,
    effect,
    state,
    author,
    reason,
    evidence ?? [],
    created,
    until ?? null,
    epoch,
    changed,
    node,
  ]
  return Buffer.from(`ssp lockout 2\n${JSON.stringify([...fields, changedBy])}`)
}
