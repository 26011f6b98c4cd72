import type { AuditTrail } from '../audit/audit-trail.ts'
import type { ProviderCapacity } from '../forwarding/provider-capacity.ts'
import type { MetricsPage } from '../metrics/metrics.ts'
import type { Materials } from './materials.ts'

/** The machine's data path as its control sees it: in the same process, or in several. */
export interface DataSide {
  readonly port: number
  readonly connections: number
  /** Whether records can be written, everywhere; and exchanges that are open, in all. */
  readonly audit: Pick<AuditTrail, 'health' | 'open'>
  readonly capacity: Pick<ProviderCapacity, 'states' | 'hold' | 'observing'>
  /** What does less than it should. */
  readonly degraded: readonly string[]
  /** Processes that take calls, that should and do not, and that ended so far without being told to. */
  readonly workers: { readonly ready: number; readonly missing: number; readonly lost: number }
  /** Whether anybody takes calls. */
  readonly serving: boolean
  /** Takes in what is to come into force, without using it; rejects where any process refuses it. */
  prepare(next: Materials): Promise<void>
  /** What was taken in will not come into force. */
  abandon(): void
  /** Puts it in force; resolves once it is, everywhere. */
  swap(next: Materials): Promise<void>
  /** The page of metrics of the whole machine. */
  metricsPage(accept?: string): Promise<MetricsPage>
}
