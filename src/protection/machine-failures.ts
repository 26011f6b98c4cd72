import { type FailureReport, noFailures } from './failure-window.ts'

/** What a worker told longer ago than this, in ms, counts no more: it has not been called since, or goes by another circuit by now. */
const freshMs = 5_000

/** What each worker saw fail of one provider within its window, so that each can judge by what all of them saw. Pure. */
export class MachineFailures {
  readonly #told: ({ readonly report: FailureReport; readonly at: number } | undefined)[]

  constructor(workers: number) {
    this.#told = Array.from({ length: workers }, () => undefined)
  }

  /** A worker tells. */
  heard(nth: number, report: FailureReport, now: number): void {
    this.#told[nth] = { report, at: now }
  }

  /** A worker has ended. */
  lost(nth: number): void {
    this.#told[nth] = undefined
  }

  /** The circuit has opened: what led to it counts no more. */
  clear(): void {
    this.#told.fill(undefined)
  }

  /** What a worker is to know of the others: nothing, unless so large a share of what it saw itself failed that it may be about to open its circuit. */
  others(nth: number, failureRate: number, now: number): FailureReport {
    const own = this.#told[nth]?.report
    if (own === undefined || own.failures === 0 || own.failures < failureRate * own.calls) return noFailures
    const told = this.#told.flatMap((one, at) => (one === undefined || at === nth || now - one.at > freshMs ? [] : [one.report]))
    return {
      calls: told.reduce((sum, { calls }) => sum + calls, 0),
      failures: told.reduce((sum, { failures }) => sum + failures, 0),
      failing: [...new Set(told.flatMap(({ failing }) => failing))].slice(0, 2),
    }
  }
}
