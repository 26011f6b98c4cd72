import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { indexSettings } from '../../src/audit/index/index-settings.ts'
import { openIndexStore } from '../../src/audit/index/open-index-store.ts'
import { auditIndexContract, suiteTime } from './audit-index.ts'

auditIndexContract('a file by node:sqlite', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ssp-index-'))
  return {
    open: () => openIndexStore(indexSettings.parse({}), { dataDirectory, now: () => suiteTime }),
    close: () => rm(dataDirectory, { recursive: true }),
  }
})
