import type { LoadedConfig } from '../app/load-config.ts'
import { type Registry, RegistryRejected } from '../registry/registry.ts'
import { createRegistrySource } from '../registry/registry-source.ts'
import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'

/** The directory of these settings, read afresh; a directory that cannot be used ends the command with 78, as settings do. */
export async function loadRegistry({ config, baseDir }: LoadedConfig): Promise<Registry> {
  try {
    return await createRegistrySource(config.registry, baseDir).load()
  } catch (error) {
    if (error instanceof RegistryRejected) throw new CommandFailure(exitCode.configuration, `${error.message}; see ssp registry lint`)
    throw error
  }
}

/** The system of that ASID; where there is none to be trusted, the command ends with 1. */
export function systemOf(registry: Registry, asid: string): AccreditedSystem {
  const found = registry.system(asid)
  switch (found.kind) {
    case 'found':
      return found.system
    case 'unknown':
      throw new CommandFailure(exitCode.negative, `the registry holds no system with the ASID ${asid}`)
    case 'faulty':
      throw new CommandFailure(exitCode.negative, `the registry's record of ${asid} is set aside: ${found.reason}`)
  }
}

/** What is registered for that receiver and interaction; where there is nothing to be trusted, the command ends with 1. */
export function endpointOf(registry: Registry, to: string, interaction: string): ProviderEndpoint {
  const found = registry.endpoint(systemOf(registry, to), interaction)
  switch (found.kind) {
    case 'found':
      return found.endpoint
    case 'none':
      throw new CommandFailure(exitCode.negative, `the registry holds no endpoint of ${to} for the interaction ${interaction}`)
    case 'faulty':
      throw new CommandFailure(exitCode.negative, `the registry's endpoint of ${to} for ${interaction} is set aside: ${found.reason}`)
  }
}
