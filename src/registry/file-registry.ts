import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Clock, systemClock } from '../lib/clock.ts'
import { loadFiles, loadRequest } from './load-files.ts'
import type { LoadRequest } from './load-registry.ts'
import type { PackedDirectory } from './packed-directory.ts'
import { openRegistry } from './packed-registry.ts'
import { type Registry, RegistryRejected, type RegistrySource } from './registry.ts'
import type { RegistrySettings } from './registry-settings.ts'
import { stringAt } from './string-table.ts'

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

function previousOf(previous: Registry | undefined): LoadRequest['previous'] {
  if (previous === undefined) return undefined
  return directoryOf.get(previous) ?? { records: previous.counts.systems + previous.counts.endpoints }
}

async function hostsOf(directory: PackedDirectory): Promise<ReadonlySet<string>> {
  const hosts = new Set<string>()
  for (const number of directory.hosts) {
    hosts.add(stringAt(directory.strings, number))
    if (hosts.size % hostsPerTurn === 0) await nextTurn()
  }
  return hosts
}
