import type { ClientBase } from 'pg'
import type { PublishedKey, PublishedKeys } from './published-keys.ts'

/** Runs with a connection to the index, its tables made. */
type Connected = <T>(act: (client: ClientBase) => Promise<T>) => Promise<T>

/** The published keys in the index's own schema, each statement a transaction by itself. */
export function postgresPublishedKeys(connected: Connected): PublishedKeys {
  const read = (condition: string, values: readonly unknown[]): Promise<readonly PublishedKey[]> =>
    connected(async (client) => {
      const { rows } = await client.query<Record<'publisher' | 'node' | 'period', string> & { readonly sealed: string | null }>(
        `SELECT publisher, node, period, sealed FROM subject_keys WHERE ${condition}`,
        [...values],
      )
      return rows.map(({ sealed, ...place }) => ({ ...place, ...(sealed !== null && { sealed }) }))
    })
  const run = (sql: string, values: readonly unknown[]): Promise<void> =>
    connected(async (client) => void (await client.query(sql, [...values])))
  return {
    of: (publisher) => read('publisher = $1', [publisher]),
    since: (period, most) => read('period >= $1 ORDER BY period DESC, publisher DESC LIMIT $2', [period, most]),
    put: (keys) =>
      run(
        `INSERT INTO subject_keys (publisher, node, period, sealed) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
          ON CONFLICT (publisher, period) DO UPDATE SET node = EXCLUDED.node, sealed = EXCLUDED.sealed`,
        [
          keys.map(({ publisher }) => publisher),
          keys.map(({ node }) => node),
          keys.map(({ period }) => period),
          keys.map(({ sealed }) => sealed ?? null),
        ],
      ),
    reseal: ({ publisher, node, period, sealed }, next) =>
      run('UPDATE subject_keys SET sealed = $5 WHERE publisher = $1 AND node = $2 AND period = $3 AND sealed = $4', [
        publisher,
        node,
        period,
        sealed,
        next,
      ]),
    remove: (publisher, periods) => run('DELETE FROM subject_keys WHERE publisher = $1 AND period = ANY($2)', [publisher, periods]),
  }
}
