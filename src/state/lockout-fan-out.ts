import type { Clock } from '../lib/clock.ts'
import type { LockoutRecord } from './lockout-record.ts'
import type { DrillAnswer, LockoutHealth } from './lockouts.ts'

/** How nodes tell each other of lockouts. Nothing here throws or rejects, and nothing waits longer than the store's time budget. */
export interface LockoutFanOut {
  readonly health: LockoutHealth
  /** A number that no node has given yet and that is above `known`; undefined where the store does not answer. */
  nextEpoch(known: number): Promise<number | undefined>
  /** Tells every node of a change that is in force here since `began` (monotonic ms). What cannot be told now is told when the store is back. */
  publish(record: LockoutRecord, began: number): void
  /** Asks every node for an answer, this one included. */
  drill(): Promise<readonly DrillAnswer[]>
  /** Whether this node knows what the others knew when it asked, at the latest after `withinMs`. */
  caughtUp(withinMs: number): Promise<boolean>
  close(): Promise<void>
}

/** The processes of this node that take calls. Nothing here rejects. */
export interface LockoutProcesses {
  /** Resolves once each goes by every change that is known by now. */
  reached(): Promise<unknown>
  /** Resolves once each has answered a question that takes the way of a change. */
  drill(): Promise<unknown>
}

/** There is this process alone. */
export const oneProcess: LockoutProcesses = { reached: async () => undefined, drill: async () => undefined }

/** The fan-out of a node that is alone. */
export function createNoFanOut(
  node: string,
  { processes, clock, report }: { readonly processes: LockoutProcesses; readonly clock: Clock; readonly report: FanOutReport },
): LockoutFanOut {
  return {
    health: { shared: false, ok: true },
    nextEpoch: async (known) => known + 1,
    publish: (_record, began) => void processes.reached().then(() => report.everywhere((clock.elapsed() - began) / 1000)),
    async drill() {
      const began = clock.elapsed()
      await processes.drill()
      return [{ node, milliseconds: clock.elapsed() - began }]
    },
    caughtUp: async () => true,
    close: async () => undefined,
  }
}

/** What the fan-out tells of itself. Must not throw. */
export interface FanOutReport {
  /** A change was in force, in each of its processes, and on disk on every node that lives, so long after it was asked for. */
  everywhere(seconds: number): void
  /** Nodes that live and did not say so in time. */
  unacknowledged(nodes: readonly string[]): void
  /** Something in Redis that nobody signed. */
  refused(why: string): void
  /** A change of another node could not be written to disk; it is in force. */
  unwritten(error: unknown): void
}

/** For whoever does not want to know. */
export const silentReport: FanOutReport = {
  everywhere: () => undefined,
  unacknowledged: () => undefined,
  refused: () => undefined,
  unwritten: () => undefined,
}
