import { Command } from 'commander'
import { configPath } from './config-path.ts'
import type { Terminal } from './terminal.ts'

/** `ssp serve`: runs the proxy until it is told to stop. */
export function serveCommand(terminal: Terminal): Command {
  return new Command('serve')
    .description('Run the proxy until SIGTERM or SIGINT.')
    .addHelpText('after', '\nExample:\n  ssp serve --config config/dev.yaml')
    .action(async (_options: unknown, command: Command) => {
      const { serve } = await import('../app/serve.ts')
      await serve(configPath(command, terminal))
    })
}
