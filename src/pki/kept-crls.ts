import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { draftEnding, replaceFile } from '../lib/replace-file.ts'
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
    if (name.endsWith(draftEnding)) await rm(file, { force: true })
    if (!name.endsWith(ending)) continue
    found.push({ der: await readFile(file), place: { file, origin: 'fetched', since: (await stat(file)).mtimeMs } })
  }
  let last: Promise<void> = Promise.resolve()
  return {
    found,
    keep(authority, der) {
      // One after the other, so that of two lists of one authority the later stays.
      last = last.catch(() => undefined).then(() => replaceFile(join(directory, `${authority}${ending}`), der))
      return last
    },
  }
}
