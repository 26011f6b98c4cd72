import { Command } from 'commander'
import { askProxy, failureOf, refusalText } from './running-proxy.ts'
import type { Terminal } from './terminal.ts'

/** `ssp reload`: the running proxy reads settings, certificates and directory afresh, or keeps what it has and says why. */
export function reloadCommand(terminal: Terminal): Command {
  return new Command('reload')
    .description('Have the running proxy read its settings, certificates and registry again.')
    .addHelpText('after', '\nExample:\n  ssp reload')
    .action(async (_options: unknown, command: Command) => {
      const answer = await askProxy(command, terminal, 'POST', '/reload')
      if (answer.status !== 200) throw failureOf(answer)
      terminal.out(`${refusalText(answer)}\n`)
    })
}
