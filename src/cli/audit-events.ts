import { Command, Option } from 'commander'
import { longestPage } from '../audit/index/search.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { withLookups } from './lookup-access.ts'
import { printable } from './printable.ts'
import { refuseEmptyTime, wholeNumber, withTimeOptions } from './search-options.ts'
import type { Terminal } from './terminal.ts'

interface EventOptions {
  readonly type?: string
  readonly actor?: string
  readonly act?: string
  readonly since?: string
  readonly until?: string
  readonly limit: number
  readonly after?: string
  readonly json?: boolean
}

/** `ssp audit events`: who operated what, who looked at what, and what floods were counted. */
export function auditEventsCommand(terminal: Terminal): Command {
  return withTimeOptions(new Command('events'))
    .description(
      'Search operators’ acts and looks, starts, stops, and the counts of floods, newest first. Ends with 1 where none is found.',
    )
    .addOption(new Option('--type <type>', 'only one kind').choices(['operation', 'flood']))
    .option('--actor <actor>', 'who, as the audit writes it')
    .option('--act <act>', 'what was done, as lockout-add or exchange-search')
    .addOption(new Option('--limit <count>', 'most of them at once').argParser(wholeNumber(1, longestPage)).default(50))
    .option('--after <text>', 'the next page, as the last one said')
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', '\nExample:\n  ssp audit events --act exchange-search --since 7d')
    .action(async ({ json, ...query }: EventOptions, command: Command) => {
      refuseEmptyTime(query)
      await withLookups(command, terminal, async (access) => {
        const found = await access.events(query)
        if (json === true) terminal.out(`${JSON.stringify(found, undefined, 2)}\n`)
        else {
          for (const { at, actor = '-', act = 'flood', detail } of found.events)
            terminal.out(`${printable(`${new Date(at).toISOString()}  ${actor}  ${act}  ${JSON.stringify(detail)}`)}\n`)
          if (found.events.length === 0) terminal.error('nothing was found\n')
          if (found.next !== undefined) terminal.error(`more: --after ${found.next}\n`)
        }
        if (found.events.length === 0) throw new CommandFailure(exitCode.negative)
      })
    })
}
