import type { WorkersWorld } from './start-workers.ts'
import { shakeHands, type TlsConsumer } from './tls-consumer.ts'
import { until } from './until.ts'

/** Consumers' connections, sorted by the worker that has them. */
export interface ConsumersByWorker {
  /** So many of a worker's connections ask at once; the statuses of their answers. */
  ask(worker: string, count: number): readonly Promise<number | undefined>[]
  close(): void
}

/** Opens so many connections, which are handed to the workers in turn, and has each ask once. */
export async function consumersByWorker(here: WorkersWorld, count: number): Promise<ConsumersByWorker> {
  const opened: TlsConsumer[] = []
  const byWorker = new Map<string, TlsConsumer[]>()
  for (let nth = 0; nth < count; nth++) {
    const consumer = await shakeHands(here)
    opened.push(consumer)
    await consumer.ask()
    const exchange = /id="([0-9a-f]{32})"/.exec(consumer.text)?.[1] ?? ''
    const worker = await until('the call is recorded', () => here.workerOf({ exchange }))
    byWorker.set(worker, [...(byWorker.get(worker) ?? []), consumer])
  }
  return {
    ask(worker, asking) {
      const consumers = byWorker.get(worker) ?? []
      if (consumers.length < asking) throw new Error(`${worker} has ${consumers.length} connections`)
      return consumers.slice(0, asking).map(async (one) => (await one.ask())?.status)
    },
    close() {
      for (const { socket } of opened) socket.destroy()
    },
  }
}
