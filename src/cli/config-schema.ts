import { Command } from 'commander'
import { jsonSchema } from '../app/load-config.ts'
import type { Terminal } from './terminal.ts'

/** `ssp config-schema`: the JSON Schema by which editors complete and check a settings file. */
export function configSchemaCommand(terminal: Terminal): Command {
  return new Command('config-schema')
    .description('Print the JSON Schema (draft 2020-12) of the settings file, for editors.')
    .addHelpText('after', '\nExample:\n  ssp config-schema > config/config.schema.json')
    .action(() => terminal.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`))
}
