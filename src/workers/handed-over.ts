import type { Worker } from 'node:cluster'

/** What `node:cluster` sends a worker with a connection, and the number by which the worker says that it has it. */
interface Numbered {
  readonly seq?: number
  readonly ack?: number
}

/** A connection below its socket. */
interface Handle {
  close(): void
}

/**
 * Sees to it that connections end with their worker: of one that was on its way to a worker that is killed, or stands still until then,
 * `node:cluster` lets go without closing it, so that its consumer waits for ever and this process has a file less for each.
 */
export function closeWithWorker({ process }: Worker): void {
  const onTheirWay = new Map<number, Handle>()
  const send = process.send.bind(process) as (...args: readonly unknown[]) => boolean
  const sendNoted = (message: Numbered, ...rest: readonly unknown[]): boolean => {
    const [handle] = rest
    if (message.seq !== undefined && isHandle(handle)) onTheirWay.set(message.seq, handle)
    return send(message, ...rest)
  }
  process.send = sendNoted
  process.on('internalMessage', ({ ack }: Numbered) => {
    if (ack !== undefined) onTheirWay.delete(ack)
  })
  process.once('exit', () => {
    for (const handle of onTheirWay.values()) handle.close()
  })
}

function isHandle(value: unknown): value is Handle {
  return typeof (value as Partial<Handle> | undefined)?.close === 'function'
}
