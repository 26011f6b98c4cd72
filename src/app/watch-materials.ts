import type { Logger } from '../lib/logger.ts'
import type { Materials } from './materials.ts'
import { namedFiles, stateOfFiles } from './named-files.ts'

/** How often the files are looked at. Polling sees what editors, mounts and secret stores do, which change notices do not. */
const intervalMs = 2_000

/** A watch over the files that settings name. */
export interface Watch {
  /** To be told of a reload: from now on the files are watched that are in force now. */
  follow(): void
  close(): void
}

/** Asks for a reload when a file that the settings in force name has changed and then stayed the same for one interval. */
export function watchMaterials(inForce: () => Materials, reload: (actor: string) => Promise<unknown>, logger: Logger): Watch {
  let files: readonly string[] = []
  /** What the files were like before they were last read. */
  let read = ''
  let pending: string | undefined

  function follow(): void {
    const { loaded, filesBefore } = inForce()
    files = namedFiles(loaded)
    read = filesBefore
    pending = undefined
  }

  async function compare(): Promise<void> {
    const named = files
    const now = await stateOfFiles(named)
    if (files !== named) return
    if (now === read) pending = undefined
    else if (now !== pending) pending = now
    else {
      read = now
      pending = undefined
      logger.info('files of the settings have changed')
      await reload('process')
    }
  }

  follow()
  const timer = setInterval(() => void compare(), intervalMs)
  timer.unref()
  return { follow, close: () => clearInterval(timer) }
}
