import { Command } from 'commander'
import { lintRegistry } from '../registry/lint.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'

/** `ssp registry lint`: reads the directory as the proxy would and tells everything that is wrong with it. */
export function registryCommand(terminal: Terminal): Command {
  const lint = new Command('lint')
    .description('Check the registry files; one line a finding: place, severity, record, message. Ends with 1 where there is an error.')
    .addHelpText('after', '\nExample:\n  ssp registry lint')
    .action(async (_options: unknown, command: Command) => {
      const { config, baseDir } = await loadConfigOf(command, terminal)
      const findings = await lintRegistry(config.registry, baseDir)
      for (const { place, severity, record, message } of findings) {
        terminal.out(`${printable(`${place} ${severity} ${record === '' ? '-' : record} ${message}`)}\n`)
      }
      const errors = findings.filter(({ severity }) => severity === 'error').length
      terminal.out(`${errors} errors, ${findings.length - errors} warnings\n`)
      if (errors > 0) throw new CommandFailure(exitCode.negative)
    })
  return new Command('registry').description('Work on the registry files.').addCommand(lint)
}
