import type { ClientBase } from 'pg'

/** Runs with a connection to the index, its tables made. */
type Connected = <T>(act: (client: ClientBase) => Promise<T>) => Promise<T>

/** Made where it is missing, also in an index that an earlier version made. `seen` is the database's time, ms since 1970: machines' clocks may differ. */
export const claimTable = 'CREATE TABLE log_owners (log text PRIMARY KEY, owner text NOT NULL, seen bigint NOT NULL)'

/** Milliseconds after the last claim of a machine in which nobody else has its logs. */
const heldFor = 120_000

/** Two machines under one name would each take the other's log for a changed one of its own, and take it out, again and again. */
export interface PostgresClaims {
  /** As `IndexStore.claim`. */
  claim(log: string, atOnce: boolean): Promise<void>
  /** Rejects where another has claimed the log. To be called within the transaction that changes it. */
  requireOwn(client: ClientBase, log: string): Promise<void>
}

function anothers(log: string): Error {
  return new Error(
    `the log ${log} in this index is another data directory’s: no two machines may have one audit.node. Where the other is no more, this one has it two minutes later, or with ssp audit reindex at once`,
  )
}

/** Who may feed which log of the index; `owner` tells this data directory from others, and is asked for when it is needed. */
export function postgresClaims(connected: Connected, owner: () => string): PostgresClaims {
  return {
    claim: (log, atOnce) =>
      connected(async (client) => {
        const { rowCount } = await client.query(
          `INSERT INTO log_owners AS o (log, owner, seen) VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
            ON CONFLICT (log) DO UPDATE SET owner = EXCLUDED.owner, seen = EXCLUDED.seen
            WHERE o.owner = EXCLUDED.owner OR o.seen < EXCLUDED.seen - ${heldFor} OR $3`,
          [log, owner(), atOnce],
        )
        if (rowCount !== 1) throw anothers(log)
      }),
    async requireOwn(client, log) {
      const { rows } = await client.query<{ owner: string }>('SELECT owner FROM log_owners WHERE log = $1', [log])
      if (rows[0] !== undefined && rows[0].owner !== owner()) throw anothers(log)
    },
  }
}
