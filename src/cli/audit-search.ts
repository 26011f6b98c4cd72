import { Command, Option } from 'commander'
import type { IndexedExchange } from '../audit/index/indexed.ts'
import { longestPage } from '../audit/index/search.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { withLookups } from './lookup-access.ts'
import { printable } from './printable.ts'
import { type SearchOptions, searchQuery, wholeNumber, withSearchOptions } from './search-options.ts'
import type { Terminal } from './terminal.ts'

interface PageOptions {
  readonly limit: number
  readonly after?: string
  readonly json?: boolean
}

/** `ssp audit search`: finds exchanges, newest first. */
export function auditSearchCommand(terminal: Terminal): Command {
  return withSearchOptions(new Command('search'))
    .description('Search exchanges, newest first; conditions hold together. Ends with 1 where none is found. Each search is recorded.')
    .addOption(new Option('--limit <count>', 'most of them at once').argParser(wholeNumber(1, longestPage)).default(50))
    .option('--after <text>', 'the next page, as the last one said')
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  ssp audit search --organisation T77777 --status 403 --since 1d\n  ssp audit search --nhs-number - --json < number.txt',
    )
    .action(async ({ limit, after, json, ...options }: SearchOptions & PageOptions, command: Command) => {
      const query = { ...(await searchQuery(options)), limit, ...(after !== undefined && { after }) }
      await withLookups(command, terminal, async (access) => {
        const found = await access.search(query)
        if (json === true) terminal.out(`${JSON.stringify(found, undefined, 2)}\n`)
        else {
          for (const exchange of found.exchanges) terminal.out(`${exchangeLine(exchange)}\n`)
          if (found.exchanges.length === 0) terminal.error('nothing was found\n')
          if (found.next !== undefined) terminal.error(`more: --after ${found.next}\n`)
          if (found.note !== undefined) terminal.error(`${printable(found.note)}\n`)
        }
        if (found.exchanges.length === 0) throw new CommandFailure(exitCode.negative)
      })
    })
}

/** One exchange in one line: when, id, status, whose fault, rule, from, to, interaction, how long. */
export function exchangeLine(one: IndexedExchange): string {
  const parts = [
    new Date(one.at).toISOString(),
    one.exchange,
    one.end === 'open' ? 'open' : String(one.status ?? '-'),
    one.origin ?? '-',
    one.rule ?? '-',
    `${party(one.from, one.fromOrganisation)} -> ${party(one.to, one.toOrganisation)}`,
    one.interaction ?? '-',
    one.totalMs === undefined ? '-' : `${Math.round(one.totalMs)} ms`,
  ]
  return printable(parts.join('  '))
}

/** A system with its organisation, as far as they are known. */
export function party(asid: string | undefined, organisation: string | undefined): string {
  return `${asid ?? '?'}${organisation === undefined ? '' : ` (${organisation})`}`
}
