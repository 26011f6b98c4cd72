import { Command, Option } from 'commander'
import { csvHeader, csvLine } from '../audit/index/exchange-csv.ts'
import { fhirAuditEvents } from '../audit/index/fhir-audit-event.ts'
import type { ExchangeFound } from '../audit/index/lookups.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { withLookups } from './lookup-access.ts'
import { printable } from './printable.ts'
import { createProgressLine } from './progress-line.ts'
import { type SearchOptions, searchQuery, withSearchOptions } from './search-options.ts'
import type { Terminal } from './terminal.ts'

interface Format {
  readonly header?: string
  /** The exchange's lines, given the patient that it was found by. */
  readonly lines: (exchange: ExchangeFound, soughtPatient: string | undefined) => readonly string[]
}

const formats: Readonly<Record<string, Format>> = {
  ndjson: { lines: (exchange) => [JSON.stringify(exchange)] },
  csv: { header: csvHeader, lines: (exchange) => [csvLine(exchange)] },
  fhir: {
    lines: (exchange, soughtPatient) =>
      fhirAuditEvents(exchange, { personal: exchange.personal, soughtPatient }).map((event) => JSON.stringify(event)),
  },
}

/** Exchanges that are in memory at a time; what names people makes each several times as large. */
const pageRows = { usual: 1000, personal: 250 } as const

const whyUnread = 'their month’s key is destroyed, or their records are on another machine'

interface ExportOptions extends SearchOptions {
  readonly format: string
  readonly personal?: boolean
  readonly json?: boolean
}

/** `ssp audit export`: writes every exchange sought to stdout, page by page, in constant memory. */
export function auditExportCommand(terminal: Terminal): Command {
  return withSearchOptions(new Command('export'))
    .description(
      'Write all exchanges sought to stdout, newest first: NDJSON, CSV as Spine’s analytics take it, or FHIR R4 AuditEvents, one a line.',
    )
    .addOption(new Option('--format <format>', 'how').choices(Object.keys(formats)).default('ndjson'))
    .option(
      '--personal',
      'also what names people, as far as the keys are here: the whole URL and the token’s claims (ndjson), or the patient, one event for each (fhir)',
    )
    .option('--json', 'tell at the end, on stderr as JSON, how many were written')
    .addHelpText('after', '\nExample:\n  ssp audit export --format csv --since 2026-11-01 --until 2026-12-01 > november.csv')
    .action(async ({ format, personal = false, json, ...options }: ExportOptions, command: Command) => {
      if (personal && format === 'csv')
        throw new CommandFailure(exitCode.usage, '--personal: the layout of csv has no place for what names people')
      const query = await searchQuery(options)
      const { header, lines } = formats[format] ?? { lines: () => [] }
      const sought = personal ? String(query['nhsNumber'] ?? '').replaceAll(/[ -]/g, '') || undefined : undefined
      await withLookups(command, terminal, async (access) => {
        const progress = createProgressLine(terminal)
        let written = 0
        let unread = 0
        let note: string | undefined
        if (header !== undefined) terminal.out(`${header}\n`)
        for (let after: string | undefined, more = true; more; more = after !== undefined) {
          const found = await access.search({
            ...query,
            ...(personal && { personal }),
            limit: personal ? pageRows.personal : pageRows.usual,
            ...(after !== undefined && { after }),
          })
          if (found.exchanges.length > 0) terminal.out(`${found.exchanges.flatMap((one) => lines(one, sought)).join('\n')}\n`)
          await terminal.caughtUp?.()
          written += found.exchanges.length
          if (personal) unread += found.exchanges.filter((one) => one.personal === undefined).length
          ;({ next: after, note } = found)
          const last = found.exchanges.at(-1)
          if (last !== undefined) progress.show(`${written} exchanges, back to ${new Date(last.at).toISOString()}`)
        }
        if (unread > 0) terminal.error(`what names people in ${unread} exchanges cannot be read: ${whyUnread}\n`)
        if (note !== undefined) terminal.error(`${printable(note)}\n`)
        const ended = { exchanges: written, ...(unread > 0 && { unread }) }
        terminal.error(json === true ? `${JSON.stringify(ended)}\n` : `${written} exchanges\n`)
      })
    })
}
