import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Logger } from '../lib/logger.ts'
import type { Materials } from './materials.ts'

/** How often the files are looked at. Polling sees what editors, mounts and secret stores do, which change notices do not. */
const intervalMs = 2_000

/** A watch over the files that settings name. */
export interface Watch {
  close(): void
}

/** Asks for a reload when a file that the settings name has changed and then stayed the same for one interval. */
export function watchMaterials(materials: Materials, reload: (actor: string) => void, logger: Logger): Watch {
  const files = filesOf(materials)
  let inForce: string | undefined
  let pending: string | undefined
  const timer = setInterval(() => {
    look(files).then(
      (now) => {
        if (inForce === undefined || now === inForce) {
          inForce ??= now
          pending = undefined
        } else if (now === pending) {
          inForce = now
          pending = undefined
          logger.info('files of the settings have changed')
          reload('process')
        } else pending = now
      },
      () => undefined,
    )
  }, intervalMs)
  timer.unref()
  return { close: () => clearInterval(timer) }
}

function filesOf({ loaded: { config, baseDir, file } }: Materials): readonly string[] {
  const { trust, registry, listener, forwarding } = config
  const named = [
    ...trust.anchors,
    ...trust.intermediates,
    ...trust.crls,
    ...registry.files,
    registry.sharingRules,
    listener.certificate,
    listener.key,
    forwarding.certificate,
    forwarding.key,
  ]
  return [file, ...named.map((name) => resolve(baseDir, name))]
}

/** Size and time of every file; a missing one is a state too. */
async function look(files: readonly string[]): Promise<string> {
  const seen = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => [mtimeMs, size, ino],
        () => [],
      ),
    ),
  )
  return JSON.stringify(seen)
}
