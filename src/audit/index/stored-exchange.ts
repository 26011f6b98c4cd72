import { exchangeColumns } from './exchange-columns.ts'
import type { IndexedExchange } from './indexed.ts'
import type { SubjectedExchange } from './search-terms.ts'

/** What stands in columns of its own. */
const apart: ReadonlySet<keyof IndexedExchange> = new Set(['at', 'log'])
const fields = exchangeColumns.map(([, field]) => field).filter((field) => !apart.has(field))

/** An exchange as the embedded index stores it. */
export interface StoredExchange {
  readonly at: number
  readonly log: string
  /** A list in JSON: the other columns in their order, null for what is absent, then the subjects. */
  readonly row: string
}

/** The exchange's row. */
export function storedExchange({ exchange, subjects }: SubjectedExchange): StoredExchange {
  const values: unknown[] = fields.map((field) => exchange[field])
  for (const subject of subjects) values.push(subject)
  return { at: exchange.at, log: exchange.log, row: JSON.stringify(values) }
}

/** The exchange that `storedExchange` made this row of. */
export function exchangeIn({ at, log, row }: StoredExchange): SubjectedExchange {
  const values = JSON.parse(row) as readonly unknown[]
  const exchange: Record<string, unknown> = { at, log }
  for (const [place, field] of fields.entries()) {
    const value = values[place]
    if (value !== null) exchange[field] = value
  }
  return { exchange: exchange as unknown as IndexedExchange, subjects: values.slice(fields.length) as readonly string[] }
}
