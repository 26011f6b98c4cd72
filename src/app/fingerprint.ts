import { createHash } from 'node:crypto'
import type { Materials } from './materials.ts'

/** By which settings, registry, certificates and anchors a process decides: the same in two processes that read the same files. 16 hex digits. */
export function fingerprintOf({ loaded, registry, server, client, trust }: Materials): string {
  const parts = [loaded.version, registry.version, server.cert, client.cert, ...trust.anchorsPem, ...trust.intermediatesPem]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
