import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceFile } from '../lib/replace-file.ts'
import { schemaProblems } from '../lib/schema-problems.ts'
import { type LockoutRecord, lockoutRecord } from './lockout-record.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import { type Lockout, LockoutsUnreadable, lockoutKinds, normalisedSelector } from './lockouts.ts'

/** What the file holds: the highest epoch that this node has seen, and every lockout that is not past. */
export interface StoredLockouts {
  readonly epoch: number
  readonly records: readonly LockoutRecord[]
}

const signature = lockoutRecord.shape.signature
const formatTwo = z.strictObject({
  format: z.literal(2),
  epoch: z.int().nonnegative(),
  lockouts: z.array(lockoutRecord),
  signature,
})

/** What version 0.1 wrote: lockouts in force, without epochs and signatures. */
const formatOne = z.strictObject({
  format: z.literal(1),
  lockouts: z.array(
    z
      .strictObject({
        id: z.uuid(),
        selector: z.strictObject({ kind: z.enum(lockoutKinds), value: z.string() }),
        author: z.string().min(1),
        reason: z.string().min(1),
        created: z.int().nonnegative(),
        until: z.int().nonnegative().exactOptional(),
      })
      .refine(({ selector }) => normalisedSelector(selector.kind, selector.value)?.value === selector.value, {
        error: 'the selector’s value has not the form of its kind',
      }),
  ),
})

/**
 * The lockouts in the file, none where it does not exist; those of format 1 are taken over, signed by this node. Rejects with
 * `LockoutsUnreadable`, which names file and place, on anything else than a whole list that a key of the settings has signed.
 */
export async function readLockouts(file: string, signing: LockoutSigning, node: string): Promise<StoredLockouts> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { epoch: 0, records: [] }
    throw unreadable(file, (error as Error).message)
  }
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw unreadable(file, (error as Error).message)
  }
  const first = formatOne.safeParse(content)
  if (first.success) return takenOver(first.data.lockouts, signing, node)
  const second = formatTwo.safeParse(content)
  if (!second.success) throw unreadable(file, schemaProblems(second.error))
  const { epoch, lockouts, signature: seal } = content as z.infer<typeof formatTwo>
  if (!signing.isSealed(sealedBytes(epoch, lockouts), seal))
    throw unreadable(file, 'its signature is not that of a key of the settings over what stands in it, so somebody has changed it')
  // Signed anew where the key has been replaced: once the old one no longer counts, other nodes would refuse them.
  return { epoch, records: lockouts.map((one) => (one.signature.key === signing.keyId ? one : signing.sign(one))) }
}

/** Replaces the file as a whole: after a power cut there is either the old list or the new one. Rejects with the system's error and leaves the old one. */
export async function writeLockouts(file: string, { epoch, records }: StoredLockouts, signing: LockoutSigning): Promise<void> {
  const text = JSON.stringify(
    { format: 2, epoch, lockouts: records, signature: signing.seal(sealedBytes(epoch, records)) },
    null,
    records.length > 1_000 ? 0 : 1,
  )
  await replaceFile(file, `${text}\n`)
}

function sealedBytes(epoch: number, records: readonly unknown[]): Buffer {
  return Buffer.from(`ssp lockouts file 2\n${epoch}\n${JSON.stringify(records)}`)
}

function takenOver(old: z.infer<typeof formatOne>['lockouts'], signing: LockoutSigning, node: string): StoredLockouts {
  const records = old.map((one, at) => {
    const { author, created } = one
    const lockout: Lockout = { ...one, effect: 'block', state: 'inForce', epoch: at + 1, changed: created, node, changedBy: author }
    return signing.sign(lockout)
  })
  return { epoch: records.length, records }
}

function unreadable(file: string, why: string): LockoutsUnreadable {
  return new LockoutsUnreadable(
    `${file}: the list of lockouts cannot be read: ${why}. Repair it or restore it from the backup; deleting it lets in everybody who is locked out.`,
  )
}
