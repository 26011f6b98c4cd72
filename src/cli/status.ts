import { Command } from 'commander'
import type { Readiness } from '../ops/ops-parts.ts'
import { readinessPage } from '../ops/readiness-page.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { askProxy } from './running-proxy.ts'
import type { Terminal } from './terminal.ts'

/** `ssp status`: whether the running proxy would forward calls, condition by condition. */
export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('Print whether the running proxy is ready, and why not; ends with 1 where it is not.')
    .addHelpText('after', '\nExample:\n  ssp status')
    .action(async (_options: unknown, command: Command) => {
      const { status, body } = await askProxy(command, terminal, 'GET', '/readyz?verbose')
      terminal.out(typeof body === 'string' ? body : readinessPage(body as Readiness, true))
      if (status !== 200) throw new CommandFailure(exitCode.negative)
    })
}
