import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { loadOffThread } from './load-off-thread.ts'
import { type LoadOutcome, type LoadRequest, loadRegistry } from './load-registry.ts'
import type { RegistrySettings } from './registry-settings.ts'

/** YAML is read at some 8 MB a second: up to this size, a thread would take longer to start than the reading blocks. */
const offThreadFrom = 64 * 1024

/** What the settings ask to be loaded. */
export function loadRequest(settings: RegistrySettings, baseDir: string, previous: LoadRequest['previous'], limit: number): LoadRequest {
  const { files, sharingRules, maxFaultyShare, maxVanishedShare } = settings
  return { baseDir, files, sharingRules, maxFaultyShare, maxVanishedShare, previous, findingLimit: limit }
}

/** Loads on this thread what is small, everything else on another. */
export async function loadFiles(request: LoadRequest): Promise<LoadOutcome> {
  return (await totalSize(request)) < offThreadFrom ? await loadRegistry(request) : await loadOffThread(request)
}

/** A file that cannot be looked at counts as nothing here; reading it says why. */
async function totalSize(request: LoadRequest): Promise<number> {
  let bytes = request.previous !== undefined && 'strings' in request.previous ? request.previous.strings.bytes.length : 0
  for (const file of [...request.files, request.sharingRules]) {
    const size = await stat(resolve(request.baseDir, file)).then(
      (found) => found.size,
      () => 0,
    )
    bytes += size
  }
  return bytes
}
