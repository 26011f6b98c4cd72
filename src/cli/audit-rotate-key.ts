import { Command } from 'commander'
import { rotateLogKey } from '../app/rotate-log-key.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import { localActor } from './local-actor.ts'
import { reasonOption } from './reason-option.ts'
import type { Terminal } from './terminal.ts'

/** `ssp audit rotate-key`: begins a new key for receipts and checkpoints of all logs of this machine. */
export function auditRotateKeyCommand(terminal: Terminal): Command {
  return new Command('rotate-key')
    .description(
      'Begin a new key that receipts and checkpoints are signed with. Each log records that the old key hands over, within a second where a proxy runs.',
    )
    .addOption(reasonOption('why, for the audit').makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  ssp audit rotate-key --reason "yearly change, call 4712"')
    .action(async ({ reason }: { reason: string }, command: Command) => {
      const loaded = await loadConfigOf(command, terminal)
      try {
        terminal.out(`${await rotateLogKey(loaded, localActor(), reason)}\n`)
      } catch (error) {
        throw new CommandFailure(exitCode.negative, `no new key was begun: ${(error as Error).message}`)
      }
    })
}
