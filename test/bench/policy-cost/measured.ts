import { type Spread, spreadOf } from '../statistics.ts'

/** Calls of a run: as many as the figures are promised for. */
export const calls = 1_000_000

/**
 * Microseconds of processor time a call, all threads of the process counted, over several runs, less what the loop takes by itself (`idle`, once a call). The
 * first run warms up and does not count.
 */
export async function microseconds(run: () => Promise<void> | void, idle: (nth: number) => unknown, runs: number): Promise<Spread> {
  const taken: number[] = []
  const kept: unknown[] = new Array(64)
  for (let nth = 0; nth <= runs; nth++) {
    const of = await cpuMicros(run)
    const alone = await cpuMicros(() => {
      for (let i = 0; i < calls; i++) kept[i & 63] = idle(i)
    })
    if (nth > 0) taken.push((of - alone) / calls)
  }
  return spreadOf(taken)
}

async function cpuMicros(run: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
