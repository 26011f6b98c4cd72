import { text } from 'node:stream/consumers'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { searchTime } from '../audit/index/exchange-query.ts'
import { origins } from '../spine/origin.ts'
import { CommandFailure } from './command-failure.ts'
import { parseDuration } from './duration.ts'
import { exitCode } from './exit-code.ts'

/** What the options of a search came to. */
export interface SearchOptions {
  readonly trace?: string
  readonly exchange?: string
  readonly asid?: string
  readonly organisation?: string
  readonly interaction?: string
  readonly rule?: string
  readonly origin?: string
  readonly status?: number
  readonly slowerThan?: number
  readonly nhsNumber?: string
  readonly since?: string
  readonly until?: string
}

/** Options by which exchanges are sought, alike for every command that seeks them. */
export function withSearchOptions(command: Command): Command {
  return withTimeOptions(
    command
      .option('--trace <id>', 'trace id of the caller (Ssp-TraceID)')
      .option('--exchange <id>', 'exchange id (32 hex digits, from Ssp-Verdict)')
      .option('--asid <asid>', 'system that sent or received')
      .option('--organisation <ods-code>', 'organisation that sent or received')
      .option('--interaction <id>', 'interaction, by its id or its end, as getstructuredrecord-1')
      .option('--rule <name>', 'rule that decided, as sender-interaction')
      .addOption(new Option('--origin <domain>', 'whose fault it was').choices(origins))
      .addOption(new Option('--status <code>', 'status that the consumer was answered').argParser(wholeNumber(100, 999)))
      .addOption(new Option('--slower-than <ms>', 'took longer than so many milliseconds').argParser(wholeNumber(0, 86_400_000)))
      .option('--nhs-number <number>', 'calls that name this NHS number; - reads it from the standard input, out of other users’ sight'),
  )
}

/** Options that bound the time. */
export function withTimeOptions(command: Command): Command {
  return command
    .addOption(new Option('--since <time>', 'began at or after: 2026-11-26, 2026-11-26T09:00Z, or 2h ago as 2h').argParser(timeOf))
    .addOption(new Option('--until <time>', 'began before').argParser(timeOf))
}

/** A time of these options, as ISO 8601. */
function timeOf(given: string): string {
  const seconds = parseDuration(given)
  const read = searchTime.safeParse(seconds === undefined ? given : Date.now() - seconds * 1000)
  if (!read.success) throw new InvalidArgumentError('Give a date, a date and time with its zone, or how long ago, as 30s, 15m, 2h or 7d.')
  return new Date(read.data).toISOString()
}

/** Options of which the end does not lie behind the beginning are an error: nothing can be found between them. */
export function refuseEmptyTime({ since, until }: Pick<SearchOptions, 'since' | 'until'>): void {
  if (since !== undefined && until !== undefined && until <= since)
    throw new CommandFailure(exitCode.usage, `--until (${until}) does not lie behind --since (${since})`)
}

/** What reads an option's number: a whole one within these bounds, or the command line is wrong. */
export function wholeNumber(least: number, most: number): (given: string) => number {
  return (given) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
}

/** The search as the proxy takes it. Reads the NHS number from the standard input where that was asked for. */
export async function searchQuery(options: SearchOptions): Promise<Readonly<Record<string, unknown>>> {
  const { trace, slowerThan, nhsNumber, exchange, asid, organisation, interaction, rule, origin, status, since, until } = options
  refuseEmptyTime(options)
  const query = {
    ...{ exchange, asid, organisation, interaction, rule, origin, status, since, until },
    ...{ traceId: trace, slowerThanMs: slowerThan, nhsNumber: nhsNumber === '-' ? (await text(process.stdin)).trim() : nhsNumber },
  }
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
}
