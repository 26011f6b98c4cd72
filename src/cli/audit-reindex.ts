import { setTimeout as pause } from 'node:timers/promises'
import { Command } from 'commander'
import { type LookupAccess, withLookups } from './lookup-access.ts'
import { createProgressLine } from './progress-line.ts'
import type { Terminal } from './terminal.ts'

/** `ssp audit reindex`: makes the index anew from the logs. */
export function auditReindexCommand(terminal: Terminal): Command {
  return new Command('reindex')
    .description('Make the index anew from this machine’s logs, beside a running proxy or without one; nothing of the logs is changed.')
    .addHelpText('after', '\nExample:\n  ssp audit reindex')
    .action(async (_options: unknown, command: Command) => {
      const reindex = async (access: LookupAccess): Promise<void> => {
        const begun = Date.now()
        await access.rebuild()
        const line = createProgressLine(terminal)
        let progress = await access.progress()
        while (!((progress.complete ?? 0) >= begun)) {
          await pause(100)
          progress = await access.progress()
          line.show(`${indexed(progress.logs)} records are indexed${progress.problem === undefined ? '' : `: ${progress.problem}`}`)
        }
        terminal.out(`${indexed(progress.logs)} records of ${Object.keys(progress.logs).length} logs are indexed\n`)
      }
      await withLookups(command, terminal, reindex, true)
    })
}

function indexed(logs: Readonly<Record<string, number>>): number {
  return Object.values(logs).reduce((sum, next) => sum + next, 0)
}
