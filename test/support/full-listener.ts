import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'

/** A listener that takes no connection any more, and refuses none: whoever dials it hears nothing. */
export interface FullListener {
  readonly port: number
  close(): Promise<void>
}

/** Listens with the shortest queue, tells the port, and never comes back to accept what queues. */
const listens = `
const { createServer } = require('node:net')
const { parentPort, workerData } = require('node:worker_threads')
const server = createServer()
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(workerData), 0, 0)
  process.exit()
})`

/** Starts it on loopback, and fills its queue until the system drops the next connection without a word. */
export async function startFullListener(): Promise<FullListener> {
  const shared = new SharedArrayBuffer(4)
  const worker = new Worker(listens, { eval: true, workerData: shared })
  const ended = once(worker, 'exit')
  const [port] = (await once(worker, 'message')) as [number]
  const queued: Socket[] = []
  while (await isTaken(port, queued)) if (queued.length > 64) throw new Error('the queue of the listener has no end')
  return {
    port,
    async close() {
      for (const socket of queued) socket.destroy()
      Atomics.store(new Int32Array(shared), 0, 1)
      Atomics.notify(new Int32Array(shared), 0)
      await ended
    },
  }
}

/** Whether one more connection opens; on loopback it does at once, or not at all. */
async function isTaken(port: number, queued: Socket[]): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  queued.push(socket)
  return Promise.race([once(socket, 'connect').then(() => true), pause(300, false)])
}
