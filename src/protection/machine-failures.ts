import type { BreakerRules } from './breaker.ts'
import type { FailureReport } from './failure-window.ts'
import { sum } from './sum.ts'

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

  /** The circuit has opened or closed: what was before counts no more. */
  clear(): void {
    this.#told.fill(undefined)
  }

  /**
   * What a worker is to know of the others, as they told it within `freshMs`, and who called there within the window; nothing, unless so large a share of what it
   * saw itself failed that it may be about to open its circuit.
   */
  others(
    nth: number,
    { failureRate, windowMs }: Pick<BreakerRules, 'failureRate' | 'windowMs'>,
    freshMs: number,
    now: number,
  ): FailureReport | undefined {
    const own = this.#told[nth]?.report
    if (own === undefined || own.failures === 0 || own.failures < failureRate * own.calls) return undefined
    const within = (ms: number): readonly FailureReport[] =>
      this.#told.flatMap((one, at) => (one === undefined || at === nth || now - one.at > ms ? [] : [one.report]))
    const told = within(freshMs)
    return {
      calls: sum(told.map(({ calls }) => calls)),
      failures: sum(told.map(({ failures }) => failures)),
      // Whoever calls seldom is there, though its worker had nothing to tell of late: the circuit is not opened by another's calls alone.
      calling: [...new Set(within(windowMs).flatMap(({ calling }) => calling))].slice(0, 2),
      failing: [...new Set(told.flatMap(({ failing }) => failing))].slice(0, 2),
    }
  }
}
