import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { indexSettings } from '../../src/audit/index/index-settings.ts'
import type { IndexStore } from '../../src/audit/index/index-store.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import { openSqliteIndex } from '../../src/audit/index/sqlite-index.ts'
import { auditIndexContract, type IndexPlace, suiteTime } from './audit-index.ts'

async function placeFor(open: (dataDirectory: string) => IndexStore): Promise<IndexPlace> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ssp-index-'))
  return { open: () => open(dataDirectory), close: () => rm(dataDirectory, { recursive: true }) }
}

auditIndexContract('a file by node:sqlite', () =>
  placeFor((dataDirectory) => openIndexStore(indexSettings.parse({}), { dataDirectory, now: () => suiteTime })),
)
auditIndexContract('a file by node:sqlite, in parts of three exchanges', () =>
  placeFor((dataDirectory) => openSqliteIndex(dataDirectory, 3)),
)
