import type { Clock } from '../lib/clock.ts'
import type { AuditSettings } from './audit-settings.ts'
import type { LogFiles } from './log-file.ts'
import type { LogSigner } from './log-signer.ts'
import type { PeriodKeys } from './period-keys.ts'

/** What a log is opened with; `writing` is asked at each write. */
export interface AppendLogOptions {
  /** `node/worker`. */
  readonly name: string
  /** The log's own directory, locked by the caller. */
  readonly directory: string
  readonly writing: () => Pick<AuditSettings, 'segmentBytes' | 'groupDelayMs' | 'refusalDelayMs'>
  readonly clock: Clock
  readonly files: LogFiles
  readonly keys: PeriodKeys
  readonly signer: LogSigner
  /** Told of each group that is on disk: the index of its first record, and its leaves. */
  readonly written?: (first: number, leaves: readonly Buffer[]) => void
}
