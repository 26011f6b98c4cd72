import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../lib/logger.ts'
import type { Materials } from './materials.ts'

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
  /** What the files were like when they were read; undefined until that is known. */
  let read: string | undefined
  let pending: string | undefined

  function follow(): void {
    const named = filesOf(inForce())
    if (isDeepStrictEqual(named, files)) return
    files = named
    read = undefined
    pending = undefined
    void look(named).then((now) => {
      if (files === named) read ??= now
    })
  }

  async function compare(): Promise<void> {
    const named = files
    const now = await look(named)
    if (files !== named || read === undefined) return
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

function filesOf({ loaded: { config, baseDir, file } }: Materials): readonly string[] {
  const { trust, registry, listener, operators, forwarding, audit, index } = config
  const { anchors = [], certificate, key } = index.postgres.tls ?? {}
  const named = [
    ...trust.anchors,
    ...trust.intermediates,
    ...trust.crls,
    ...registry.files,
    registry.sharingRules,
    listener.certificate,
    listener.key,
    operators.certificate,
    operators.key,
    ...operators.anchors,
    forwarding.certificate,
    forwarding.key,
    ...audit.witnesses.flatMap((witness) => witness.anchors),
    ...anchors,
    ...[certificate, key].filter((name) => name !== undefined),
  ]
  return [file, ...named.map((name) => resolve(baseDir, name))]
}

/** Size and time of every file; a missing one is a state too. Never rejects. */
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
