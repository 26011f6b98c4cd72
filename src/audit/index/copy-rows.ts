import type { Client } from 'pg'

/** What COPY's text format takes for one column. */
export type CopyValue = string | number | boolean | undefined

const special = /[\\\n\r\t\b\f\v\0]/g
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
  // PostgreSQL has no text with a NUL.
  '\0': '\ufffd',
}

/** The rows in COPY's text format (PostgreSQL manual, COPY, "Text Format"); true and false are 1 and 0. */
export function copyText(rows: Iterable<readonly CopyValue[]>): string {
  let text = ''
  for (const row of rows) text += `${row.map(copyValue).join('\t')}\n`
  return text
}

function copyValue(value: CopyValue): string {
  if (value === undefined) return '\\N'
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'number' ? String(value) : value.replace(special, (character) => escapes[character] ?? character)
}

/** What of the client's connection a COPY needs. */
interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** Sends rows into a table by COPY. Rejects with the server's error, or the connection's. */
export function copyRows(
  client: Pick<Client, 'query'>,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly CopyValue[]>,
): Promise<void> {
  const text = copyText(rows)
  if (text === '') return Promise.resolve()
  return new Promise((resolve, reject) => {
    // The client calls these as the server answers; it offers no COPY of its own. It puts a time limit around `callback`.
    const copy = {
      callback: (error?: unknown) => (error === undefined || error === null ? resolve() : reject(error)),
      submit: (connection: unknown) => (connection as CopyConnection).query(`COPY ${table} (${columns.join(', ')}) FROM STDIN`),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.from(text))
        connection.endCopyFrom()
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => copy.callback(),
      handleError: (error: unknown) => copy.callback(error),
    }
    client.query(copy)
  })
}
