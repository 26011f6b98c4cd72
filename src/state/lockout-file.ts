import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { type Lockout, LockoutsUnreadable, lockoutKinds, normalisedSelector } from './lockouts.ts'

const stored = z.strictObject({
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

/** The lockouts in the file, none where it does not exist. Rejects with `LockoutsUnreadable`, which names file and place, on anything else than a whole list. */
export async function readLockouts(file: string): Promise<readonly Lockout[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(file, (error as Error).message)
  }
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw unreadable(file, (error as Error).message)
  }
  const result = stored.safeParse(content)
  if (result.success) return result.data.lockouts
  throw unreadable(file, z.prettifyError(result.error))
}

/** Replaces the file as a whole: after a power cut there is either the old list or the new one. Rejects with the system's error and leaves the old one. */
export async function writeLockouts(file: string, lockouts: readonly Lockout[]): Promise<void> {
  const temporary = `${file}.new`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify({ format: 1, lockouts }, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const directory = await open(dirname(file), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function unreadable(file: string, why: string): LockoutsUnreadable {
  return new LockoutsUnreadable(
    `${file}: the list of lockouts cannot be read: ${why}. Repair it or restore it from the backup; deleting it lets in everybody who is locked out.`,
  )
}
