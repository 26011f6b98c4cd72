import type { AuditIndex } from './audit-index.ts'
import type { IndexProgress } from './index-feeder.ts'
import type { IndexSettings } from './index-settings.ts'
import type { IndexSurroundings } from './open-index-store.ts'

/** What the index's thread is started with. */
export interface IndexThreadData {
  readonly settings: IndexSettings
  readonly dataDirectory: string
  /** `audit.node`. */
  readonly node: string
  readonly tls?: IndexSurroundings['tls']
  readonly retentionMonths: number
}

/** What can be asked of the thread. */
export type IndexMethod = 'find' | 'search' | 'hashesOf' | 'beginnings' | 'events' | 'rebuild' | 'caughtUp' | 'close'

/** A question to the thread. */
export interface IndexQuestion {
  readonly id: number
  readonly method: IndexMethod
  readonly args: readonly unknown[]
}

/** What the thread says: an answer, or how far it has come. */
export type IndexMessage =
  | { readonly id: number; readonly result: Awaited<ReturnType<AuditIndex[IndexMethod]>> }
  | { readonly id: number; readonly problem: string }
  | { readonly progress: IndexProgress }
