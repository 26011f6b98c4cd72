import { Command, InvalidArgumentError } from 'commander'
import type { ExchangeShown } from '../audit/index/lookups.ts'
import { CommandFailure } from './command-failure.ts'
import { exchangeStory } from './exchange-story.ts'
import { exitCode } from './exit-code.ts'
import { type LookupAccess, withLookups } from './lookup-access.ts'
import type { Terminal } from './terminal.ts'

/** Exchanges of one trace id that are told; a caller may use one id for many. */
const mostTold = 20

/** `ssp trace`: the story of one exchange, or of those with one trace id. */
export function traceCommand(terminal: Terminal): Command {
  return new Command('trace')
    .description(
      'Tell the story of an exchange: who, what, decided by what, how long, whose fault. Ends with 1 where nothing is found. Each look is recorded.',
    )
    .argument('<id>', 'trace id (Ssp-TraceID) or exchange id (from Ssp-Verdict, or the id of an OperationOutcome)', idOf)
    .option('--personal', 'also what names a person: the whole URL, the token’s claims, digests')
    .option('--json', 'print the exchanges with their records as JSON')
    .addHelpText('after', '\nExample:\n  ssp trace 09a01679-2564-0fb4-5129-aecc81ea2706')
    .action(async (id: string, { personal, json }: { personal?: boolean; json?: boolean }, command: Command) => {
      await withLookups(command, terminal, async (access) => {
        const found = await storiesOf(access, id, personal === true, terminal)
        if (found.length === 0) throw new CommandFailure(exitCode.negative, `nothing is recorded under ${JSON.stringify(id)}`)
        if (json === true) terminal.out(`${JSON.stringify({ exchanges: found }, undefined, 2)}\n`)
        else terminal.out(found.map(exchangeStory).join('\n'))
      })
    })
}

function idOf(given: string): string {
  const id = given.trim()
  if (id === '') throw new InvalidArgumentError('It is empty.')
  return id
}

/** An exchange id as the UUID that the `id` of an OperationOutcome is. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function storiesOf(access: LookupAccess, id: string, personal: boolean, terminal: Terminal): Promise<readonly ExchangeShown[]> {
  const lower = id.toLowerCase()
  const look = async (exchange: string) => [await access.look(exchange, personal)].filter((shown) => shown !== undefined)
  const one = /^[0-9a-f]{32}$/.test(lower) ? await look(lower) : []
  if (one.length > 0) return one
  const { exchanges, next } = await access.search({ traceId: id, limit: mostTold })
  if (next !== undefined) terminal.error(`the newest ${mostTold} are told; ssp audit search --trace lists the others\n`)
  const told = await Promise.all(exchanges.toReversed().map(({ exchange }) => look(exchange)))
  return exchanges.length === 0 && uuid.test(lower) ? look(lower.replaceAll('-', '')) : told.flat()
}
