import { Command } from 'commander'
import { loadConfigOf } from './config-path.ts'
import { endpointOf, loadRegistry } from './registry-lookup.ts'
import type { Terminal } from './terminal.ts'

/** `ssp endpoint`: the URL that the registry holds for a receiver and an interaction, alone on its line. */
export function endpointCommand(terminal: Terminal): Command {
  return new Command('endpoint')
    .description('Print the URL registered for a receiver and an interaction; ends with 1 where there is none.')
    .requiredOption('--to <asid>', 'the receiving system')
    .requiredOption('--interaction <urn>', 'interaction id, compared with case')
    .addHelpText(
      'after',
      '\nExample:\n  ssp endpoint --to 918999198993 --interaction urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1',
    )
    .action(async ({ to, interaction }: { to: string; interaction: string }, command: Command) => {
      const registry = await loadRegistry(await loadConfigOf(command, terminal))
      terminal.out(`${endpointOf(registry, to, interaction).url}\n`)
    })
}
