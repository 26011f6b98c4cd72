import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { z } from 'zod'
import { ConfigRejected } from '../app/config-rejected.ts'
import { openLocalFinding } from '../app/open-local-finding.ts'
import { AuditUnavailable } from '../audit/audit-trail.ts'
import { IndexUnavailable } from '../audit/index/audit-index.ts'
import { eventQuery, exchangeQuery } from '../audit/index/exchange-query.ts'
import type { IndexProgress } from '../audit/index/index-feeder.ts'
import type { ExchangeShown, ExchangesFound, Lookups } from '../audit/index/lookups.ts'
import { schemaProblems } from '../lib/schema-problems.ts'
import { type ControlAnswer, ProxyNotRunning } from '../ops/control-client.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { localActor } from './local-actor.ts'
import { createProgressLine } from './progress-line.ts'
import { askedAllTheSame, callProxy, type ProxyCall, proxyPlaceOf, refusalText } from './running-proxy.ts'
import type { Terminal } from './terminal.ts'

/** What a command sees of the audit trail, through the running proxy or from the files. */
export interface LookupAccess {
  search(query: Readonly<Record<string, unknown>>): Promise<ExchangesFound>
  look(exchange: string, personal: boolean): Promise<ExchangeShown | undefined>
  events(query: Readonly<Record<string, unknown>>): ReturnType<Lookups['events']>
  rebuild(): Promise<void>
  progress(): Promise<IndexProgress>
  /** Whether a running proxy answers. */
  readonly running: boolean
}

/**
 * Gives a command access: over the control socket where a proxy runs with these settings, else from its files, which are then first brought
 * up to date, unless the index is wanted `asItIs`. Either way each look is recorded, or is not made.
 */
export async function withLookups(
  command: Command,
  terminal: Terminal,
  act: (access: LookupAccess) => Promise<void>,
  asItIs = false,
): Promise<void> {
  const place = await proxyPlaceOf(command, terminal)
  const ask = (...call: ProxyCall): Promise<ControlAnswer> => callProxy(place, ...call)
  let runs = true
  try {
    await ask('GET', '/index')
  } catch (error) {
    if (!(error instanceof ProxyNotRunning)) throw error
    runs = false
  }
  const { settings: loaded } = place
  if (loaded instanceof ConfigRejected) {
    terminal.error(askedAllTheSame)
    return act(throughProxy(ask))
  }
  if (runs) return act(throughProxy(ask))
  const dataDirectory = resolve(loaded.baseDir, loaded.config.dataDirectory)
  if (!existsSync(dataDirectory)) throw new CommandFailure(exitCode.negative, `nothing is recorded yet: there is no ${dataDirectory}`)
  const line = createProgressLine(terminal)
  const local = await openLocalFinding(loaded, ({ records }) => line.show(`reading the logs: ${records} records`))
  try {
    if (!asItIs) await local.caughtUp()
    line.end()
    await act(fromFiles(local.lookups, local.caughtUp))
  } catch (error) {
    // As through a proxy, which answers 503 then.
    if (error instanceof IndexUnavailable || error instanceof AuditUnavailable)
      throw new CommandFailure(exitCode.unavailable, error.message)
    throw error
  } finally {
    line.end()
    await local.close()
  }
}

function throughProxy(ask: (...call: ProxyCall) => Promise<ControlAnswer>): LookupAccess {
  const answered = ({ status, body }: ControlAnswer): unknown => {
    if (status === 200 || status === 202) return body
    throw new CommandFailure(
      status === 400 ? exitCode.usage : status === 503 ? exitCode.unavailable : exitCode.negative,
      refusalText({ status, body }),
    )
  }
  return {
    running: true,
    search: async (query) => {
      read(exchangeQuery, query)
      return answered(await ask('POST', '/exchanges/search', query)) as ExchangesFound
    },
    look: async (exchange, personal) => {
      const path = `/exchanges/${encodeURIComponent(exchange)}`
      const answer = await (personal ? ask('POST', `${path}/personal`) : ask('GET', path))
      return answer.status === 404 ? undefined : (answered(answer) as ExchangeShown)
    },
    events: async (query) => {
      const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString()
      return answered(await ask('GET', `/events?${text}`)) as Awaited<ReturnType<Lookups['events']>>
    },
    rebuild: async () => void answered(await ask('POST', '/index/rebuild')),
    progress: async () => answered(await ask('GET', '/index')) as IndexProgress,
  }
}

function fromFiles(lookups: Lookups, caughtUp: () => Promise<void>): LookupAccess {
  const actor = localActor()
  return {
    running: false,
    search: (query) => lookups.search(actor, read(exchangeQuery, query)),
    look: (exchange, personal) => lookups.look(actor, exchange, personal),
    events: (query) => lookups.events(actor, read(eventQuery, query)),
    rebuild: async () => {
      await lookups.rebuild(actor)
      await caughtUp()
    },
    progress: async () => lookups.progress,
  }
}

const options: Readonly<Record<string, string>> = { traceId: 'trace', slowerThanMs: 'slower-than', nhsNumber: 'nhs-number' }

/** The option that a field of a query is given by. */
function optionOf([field = '']: readonly PropertyKey[]): string {
  return `--${options[String(field)] ?? String(field)}`
}

function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input)
  if (!result.success) throw new CommandFailure(exitCode.usage, schemaProblems(result.error, optionOf))
  return result.data
}
