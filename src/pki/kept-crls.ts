import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeptCrl } from './load-trust-store.ts'

/** Fetched revocation lists on disk, one an authority, so that a restart neither waits for an address nor believes an older list. */
export interface KeptCrls {
  /** Everything that was there at the start; to be verified anew. */
  readonly found: readonly KeptCrl[]
  /** Replaces what is kept for that authority, whole or not at all. Rejects with the system's error. */
  keep(authority: string, der: Buffer): Promise<void>
}

const ending = '.crl'

/** Opens the folder, and makes it (0700) where it does not exist. What a crash left half written is removed. Rejects with the system's error. */
export async function openKeptCrls(directory: string): Promise<KeptCrls> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const found: KeptCrl[] = []
  for (const name of (await readdir(directory)).sort()) {
    const file = join(directory, name)
    if (name.endsWith('.new')) await rm(file, { force: true })
    if (!name.endsWith(ending)) continue
    found.push({ der: await readFile(file), place: { file, origin: 'fetched', since: (await stat(file)).mtimeMs } })
  }
  let last: Promise<void> = Promise.resolve()
  return {
    found,
    keep(authority, der) {
      // One after the other, so that of two lists of one authority the later stays.
      last = last.catch(() => undefined).then(() => replace(directory, `${authority}${ending}`, der))
      return last
    },
  }
}

async function replace(directory: string, name: string, content: Buffer): Promise<void> {
  const temporary = join(directory, `${name}.${randomUUID()}.new`)
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, join(directory, name))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
