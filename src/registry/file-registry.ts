import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '../lib/clock.ts'
import { loadOffThread } from './load-off-thread.ts'
import { type LoadOutcome, type LoadRequest, loadRegistry } from './load-registry.ts'
import type { PackedDirectory } from './packed-directory.ts'
import { openRegistry } from './packed-registry.ts'
import { type Registry, RegistryRejected, type RegistrySource } from './registry.ts'
import type { RegistrySettings } from './registry-settings.ts'
import { stringAt } from './string-table.ts'

/** YAML is read at some 8 MB a second: up to this size, a thread would take longer to start than the reading blocks. */
const offThreadFrom = 64 * 1024
const findingLimit = 5000
const hostsPerTurn = 5000

/** The tables behind a registry, to see what a later load lacks. */
const directoryOf = new WeakMap<Registry, PackedDirectory>()

/** Registries from the files that the settings name, relative to `baseDir`. A load never blocks the event loop for more than a few ms. */
export function createFileRegistry(settings: RegistrySettings, baseDir: string, clock: Clock = systemClock): RegistrySource {
  return {
    async load(previous) {
      const request = loadRequest(settings, baseDir, previousOf(previous), findingLimit)
      const outcome = await loadFiles(request)
      if (outcome.kind === 'rejected') throw new RegistryRejected(`the registry was not loaded: ${outcome.message}`, outcome.findings)
      const registry = openRegistry(outcome, await hostsOf(outcome.directory), settings, clock.now())
      directoryOf.set(registry, outcome.directory)
      return registry
    },
  }
}

/** What the settings ask to be loaded. */
export function loadRequest(settings: RegistrySettings, baseDir: string, previous: LoadRequest['previous'], limit: number): LoadRequest {
  const { files, sharingRules, maxFaultyShare, maxVanishedShare } = settings
  return { baseDir, files, sharingRules, maxFaultyShare, maxVanishedShare, previous, findingLimit: limit }
}

/** Loads on this thread what is small, everything else on another. */
export async function loadFiles(request: LoadRequest): Promise<LoadOutcome> {
  return (await totalSize(request)) < offThreadFrom ? await loadRegistry(request) : await loadOffThread(request)
}

function previousOf(previous: Registry | undefined): LoadRequest['previous'] {
  if (previous === undefined) return undefined
  return directoryOf.get(previous) ?? { records: previous.counts.systems + previous.counts.endpoints }
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

async function hostsOf(directory: PackedDirectory): Promise<ReadonlySet<string>> {
  const hosts = new Set<string>()
  for (const number of directory.hosts) {
    hosts.add(stringAt(directory.strings, number))
    if (hosts.size % hostsPerTurn === 0) await nextTurn()
  }
  return hosts
}
