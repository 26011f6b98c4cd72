import type { Issued } from './certificate-authority.ts'
import type { WorkersWorld } from './start-workers.ts'
import { shakeHands, type TlsConsumer } from './tls-consumer.ts'
import { until } from './until.ts'

/** Consumers' connections, sorted by the worker that has them. */
export interface ConsumersByWorker {
  /** So many of a worker's connections. */
  of(worker: string, count: number): readonly TlsConsumer[]
  /** So many of a worker's connections ask at once; the statuses of their answers. */
  ask(worker: string, count: number): readonly Promise<number | undefined>[]
  close(): void
}

/** Opens so many connections, which are handed to the workers in turn, and has each ask once; of the usual consumer, where no other is named. */
export async function consumersByWorker(
  here: WorkersWorld,
  count: number,
  other: { readonly as?: Issued; readonly from?: string } = {},
): Promise<ConsumersByWorker> {
  const opened: TlsConsumer[] = []
  const byWorker = new Map<string, TlsConsumer[]>()
  for (let nth = 0; nth < count; nth++) {
    const consumer = await shakeHands(here, other.as === undefined ? {} : { as: other.as })
    opened.push(consumer)
    await consumer.ask(other.from === undefined ? {} : { from: other.from })
    const exchange = /id="([0-9a-f]{32})"/.exec(consumer.text)?.[1] ?? ''
    const worker = await until('the call is recorded', () => here.workerOf({ exchange }))
    byWorker.set(worker, [...(byWorker.get(worker) ?? []), consumer])
  }
  const of = (worker: string, count: number): readonly TlsConsumer[] => {
    const consumers = byWorker.get(worker) ?? []
    if (consumers.length < count) throw new Error(`${worker} has ${consumers.length} connections`)
    return consumers.slice(0, count)
  }
  return {
    of,
    ask: (worker, asking) => of(worker, asking).map(async (one) => (await one.ask())?.status),
    close() {
      for (const { socket } of opened) socket.destroy()
    },
  }
}
