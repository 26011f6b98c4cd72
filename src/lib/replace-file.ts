import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a draft's name ends in behind the file's own: one that is found at a start was left by a crash, and gives way to the next. */
export const draftEnding = '.new'

/**
 * Puts content (mode 0600) in the file's place as a whole, durably: after a power cut there is the old file or the new one. Rejects with the system's
 * error, with the old one in its place and no draft left. One at a time for a file: whoever may come twice lets the second wait for the first.
 */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const draft = `${file}${draftEnding}`
  try {
    // What bears the draft's name is removed, never written to: it may be a link to another file.
    await rm(draft, { force: true })
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
