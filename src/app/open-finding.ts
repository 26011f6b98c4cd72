import { isDeepStrictEqual } from 'node:util'
import type { AuditIndex } from '../audit/index/audit-index.ts'
import type { IndexThreadData } from '../audit/index/index-messages.ts'
import { openIndexThread } from '../audit/index/index-thread.ts'
import { createLookups, type LookupParts, type Lookups } from '../audit/index/lookups.ts'
import { openPeriodKeys } from '../audit/period-keys.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { TlsClientSettings } from '../lib/tls-client-settings.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LoadedConfig } from './load-config.ts'
import { readTlsClient } from './read-tls-client.ts'
import { StartRefused } from './start-refused.ts'

/** What was recorded, made findable. */
export interface Finding {
  readonly index: AuditIndex
  readonly lookups: Lookups
  /** Why the index does not get on; undefined while it does. */
  readonly degraded: string | undefined
  /** What the index is to be made with under these settings; throws `StartRefused` where a file of the database's TLS cannot be read. */
  prepare(loaded: LoadedConfig): IndexThreadData
  /** Goes by it from now on: the thread begins anew where it is other than before. */
  follow(data: IndexThreadData): void
  close(): Promise<void>
}

/** What finding is made with. */
export interface FindingSurroundings {
  readonly dataDirectory: string
  readonly record: LookupParts['record']
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** What the index's thread needs, the files of the database's TLS read. Throws where one cannot be read. */
export function indexThreadData({ config, baseDir }: LoadedConfig, dataDirectory: string): IndexThreadData {
  const { tls } = config.index.postgres
  return {
    settings: config.index,
    dataDirectory,
    node: config.audit.node,
    retentionMonths: config.audit.retentionMonths,
    ...(tls !== undefined && { tls: connectionOptions(tls, baseDir) }),
  }
}

function connectionOptions(tls: TlsClientSettings, baseDir: string): NonNullable<IndexThreadData['tls']> {
  const { anchors, certificate, key } = readTlsClient(tls, baseDir)
  return {
    ca: [...anchors],
    ...(certificate !== undefined && key !== undefined && { cert: certificate, key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  }
}

/** Opens the index in its thread, and what looks into it. */
export function openFinding(loaded: LoadedConfig, { dataDirectory, record, metrics, logger, clock }: FindingSurroundings): Finding {
  let data = indexThreadData(loaded, dataDirectory)
  const index = openIndexThread(data, (reason) =>
    logger.error({ reason }, 'the index of the audit trail has ended and is started again; calls go on'),
  )
  metrics.gauge('ssp_audit_index_complete_timestamp_seconds', 'Until when what is in the logs can be searched.', [], (gauge) =>
    gauge.set((index.progress.complete ?? 0) / 1000),
  )
  metrics.gauge('ssp_audit_index_records', 'Records that were taken into the index since the start.', [], (gauge) =>
    gauge.set(index.progress.records),
  )
  metrics.gauge('ssp_audit_index_failing', '1 while the index does not get on.', [], (gauge) =>
    gauge.set(index.progress.problem === undefined ? 0 : 1),
  )
  return {
    index,
    lookups: createLookups({ index, record, keys: openPeriodKeys(dataDirectory), now: clock.now }),
    get degraded() {
      const { problem } = index.progress
      return problem === undefined ? undefined : `the index of the audit trail is behind and catches up by itself: ${problem}`
    },
    prepare(next) {
      try {
        return indexThreadData(next, dataDirectory)
      } catch (error) {
        throw new StartRefused(`index.postgres.tls: ${(error as Error).message}`)
      }
    },
    follow(next) {
      if (isDeepStrictEqual(next, data)) return
      data = next
      index.restart(next)
    },
    close: () => index.close(),
  }
}
