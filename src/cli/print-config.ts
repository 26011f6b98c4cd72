import { Command } from 'commander'
import { stringify } from 'yaml'
import { printableConfig } from '../app/load-config.ts'
import { loadConfigOf } from './config-path.ts'
import type { Terminal } from './terminal.ts'

/** `ssp print-config`: the settings in force, file, environment and defaults together, secrets hidden. */
export function printConfigCommand(terminal: Terminal): Command {
  return new Command('print-config')
    .description('Print the effective settings (file, environment and defaults), secrets hidden.')
    .option('--json', 'as JSON instead of YAML')
    .addHelpText('after', '\nExample:\n  SSP_LISTENER__PORT=9443 ssp print-config --json')
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { config } = await loadConfigOf(command, terminal)
      const printable = printableConfig(config)
      terminal.out(json === true ? `${JSON.stringify(printable, null, 2)}\n` : stringify(printable, { aliasDuplicateObjects: false }))
    })
}
