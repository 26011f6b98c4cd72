import { systemClock } from '../../src/lib/clock.ts'
import { createAllowances } from '../../src/protection/allowances.ts'
import { createLeasing } from '../../src/protection/leasing.ts'
import { createMachineBuckets } from '../../src/protection/machine-buckets.ts'
import type { LimitNode } from '../support/limit-nodes.ts'
import { allowancesConform } from './allowances.ts'

/** The workers of one machine, whose answers come a turn of the event loop later, as between processes. */
async function workers(count: number): Promise<readonly LimitNode[]> {
  const buckets = createMachineBuckets(systemClock.elapsed)
  return Array.from({ length: count }, (): LimitNode => {
    let leases = 0
    const leasing = createLeasing(
      {
        reachable: true,
        nodes: count,
        async lease(asks) {
          leases++
          await new Promise((resolve) => setImmediate(resolve))
          return buckets.lease(asks)
        },
      },
      systemClock.elapsed,
    )
    const timer = setInterval(leasing.tick, 1_000)
    return {
      allowances: createAllowances(systemClock.elapsed, leasing),
      leases: () => leases,
      close: async () => clearInterval(timer),
    }
  })
}

allowancesConform('the process that steers two workers', () => workers(2))
allowancesConform('the process that steers three workers', () => workers(3))
