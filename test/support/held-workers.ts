import { type ConsumersByWorker, consumersByWorker } from './consumers-by-worker.ts'
import { type HeldCalls, holdCalls } from './held-calls.ts'
import { startWorkers, type WorkersWorld } from './start-workers.ts'

/** Two workers, consumers at each of them, and a provider that holds every call until it is told to answer. */
export interface HeldWorkers {
  readonly here: WorkersWorld
  readonly consumers: ConsumersByWorker
  readonly provider: HeldCalls
  close(): Promise<void>
}

/** Starts them. Rate, times and a consumer's share are so large that a call is kept by its consumer's `concurrent` calls and by the provider's `places` alone, whatever is learned. */
export async function startHeldWorkers(
  concurrent: number,
  places: number,
  forwarding: { readonly connectionsPerProvider?: number } = {},
): Promise<HeldWorkers> {
  const here = await startWorkers({
    settings: {
      checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent } },
      forwarding: {
        ...forwarding,
        capacity: { initialLimit: places, minimumLimit: places, queueSeconds: 600, consumerShare: 1 },
        firstByteTimeoutSeconds: 600,
        idleConnectionSeconds: 600,
      },
    },
  })
  const consumers = await consumersByWorker(here, 24)
  return {
    here,
    consumers,
    provider: holdCalls(here.provider),
    async close() {
      consumers.close()
      await here.close()
    },
  }
}
