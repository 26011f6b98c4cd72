import type { ConnectionOptions } from 'node:tls'
import type { IndexSettings } from './index-settings.ts'
import type { IndexStore } from './index-store.ts'
import { openPostgresIndex } from './postgres-index.ts'
import { logOwner } from './publisher-id.ts'
import { openSqliteIndex } from './sqlite-index.ts'

/** What a backend is opened with besides its settings. */
export interface IndexSurroundings {
  readonly dataDirectory: string
  /** PEM texts for TLS to the database, where the settings name any. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername'>
  readonly now: () => number
}

/** Opens the backend that the settings name. Throws where the data directory is open to others; a database is first reached when it is asked. */
export function openIndexStore(settings: IndexSettings, { dataDirectory, tls, now }: IndexSurroundings): IndexStore {
  switch (settings.kind) {
    case 'sqlite':
      return openSqliteIndex(dataDirectory)
    case 'postgres':
      return openPostgresIndex(settings.postgres, { tls, now, owner: () => logOwner(dataDirectory) })
  }
}
