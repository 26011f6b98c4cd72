import { Command, Option } from 'commander'
import { csvHeader, csvLine } from '../audit/index/exchange-csv.ts'
import { fhirAuditEvent } from '../audit/index/fhir-audit-event.ts'
import type { IndexedExchange } from '../audit/index/indexed.ts'
import { withLookups } from './lookup-access.ts'
import { createProgressLine } from './progress-line.ts'
import { type SearchOptions, searchQuery, withSearchOptions } from './search-options.ts'
import type { Terminal } from './terminal.ts'

interface Format {
  readonly header?: string
  readonly line: (exchange: IndexedExchange) => string
}

const formats: Readonly<Record<string, Format>> = {
  ndjson: { line: (exchange) => JSON.stringify(exchange) },
  csv: { header: csvHeader, line: csvLine },
  fhir: { line: (exchange) => JSON.stringify(fhirAuditEvent(exchange)) },
}

/** Exchanges that are in memory at a time. */
const pageRows = 1000

/** `ssp audit export`: writes every exchange sought to stdout, page by page, in constant memory. */
export function auditExportCommand(terminal: Terminal): Command {
  return withSearchOptions(new Command('export'))
    .description(
      'Write all exchanges sought to stdout, newest first: NDJSON, CSV as Spine’s analytics take it, or FHIR R4 AuditEvents, one a line.',
    )
    .addOption(new Option('--format <format>', 'how').choices(Object.keys(formats)).default('ndjson'))
    .option('--json', 'tell at the end, on stderr as JSON, how many were written')
    .addHelpText('after', '\nExample:\n  ssp audit export --format csv --since 2026-11-01 --until 2026-12-01 > november.csv')
    .action(async ({ format, json, ...options }: SearchOptions & { format: string; json?: boolean }, command: Command) => {
      const query = await searchQuery(options)
      const { header, line } = formats[format] ?? { line: String }
      await withLookups(command, terminal, async (access) => {
        const progress = createProgressLine(terminal)
        let written = 0
        let note: string | undefined
        if (header !== undefined) terminal.out(`${header}\n`)
        for (let after: string | undefined, more = true; more; more = after !== undefined) {
          const found = await access.search({ ...query, limit: pageRows, ...(after !== undefined && { after }) })
          if (found.exchanges.length > 0) terminal.out(`${found.exchanges.map(line).join('\n')}\n`)
          await terminal.caughtUp?.()
          written += found.exchanges.length
          ;({ next: after, note } = found)
          const last = found.exchanges.at(-1)
          if (last !== undefined) progress.show(`${written} exchanges, back to ${new Date(last.at).toISOString()}`)
        }
        if (note !== undefined) terminal.error(`${note}\n`)
        terminal.error(json === true ? `${JSON.stringify({ exchanges: written })}\n` : `${written} exchanges\n`)
      })
    })
}
