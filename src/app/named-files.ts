import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { LoadedConfig } from './load-config.ts'

/** The settings' own file and every file that they name, as paths. */
export function namedFiles({ config, baseDir, file }: LoadedConfig): readonly string[] {
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

/**
 * What the files are like, as a text to compare: size, time, inode and rights of each, for one that could not be read may only have been given rights; a missing one is
 * a state too. Never rejects.
 */
export async function stateOfFiles(files: readonly string[]): Promise<string> {
  const seen = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino, mode, uid, gid }) => [mtimeMs, size, ino, mode, uid, gid],
        () => [],
      ),
    ),
  )
  return JSON.stringify(seen)
}
