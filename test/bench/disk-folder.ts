import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

/** File systems that live in memory: a record synced there costs nothing, so nothing is learned. */
const inMemory: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])

const names: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x794c7630, 'overlay'],
])

/** A folder for temporary files that is on a real disk, and what kind of file system that is. */
export interface DiskFolder {
  readonly folder: string
  readonly fileSystem: string
}

/** The first of the usual temporary folders, and then of the checkout, that is not in memory. Rejects where none is. */
export async function diskFolder(): Promise<DiskFolder> {
  for (const folder of [tmpdir(), '/var/tmp', fileURLToPath(new URL('../../node_modules', import.meta.url))]) {
    const type = await statfs(folder).then(
      (found) => found.type,
      () => undefined,
    )
    if (type === undefined || inMemory.has(type)) continue
    return { folder, fileSystem: names.get(type) ?? `file system 0x${type.toString(16)}` }
  }
  throw new Error('no temporary folder is on a disk: set TMPDIR to one that is, so that the audit log is measured honestly')
}
