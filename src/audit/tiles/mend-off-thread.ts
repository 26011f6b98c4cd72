import { Worker } from 'node:worker_threads'
import type { Mended, MendRequest } from './mend-tiles.ts'

/** The same as `mendTiles`, in a thread of its own that keeps no process alive; ended, and rejected, when the signal says so. */
export function mendOffThread(request: MendRequest, signal: AbortSignal): Promise<Mended> {
  // Run from source, the worker is source; built, it is built.
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const worker = new Worker(new URL(`./mend-worker${extension}`, import.meta.url), { workerData: request, name: 'audit tiles' })
  worker.unref()
  signal.addEventListener('abort', () => void worker.terminate(), { once: true })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread that makes the tiles ended with code ${code}`)))
  })
}
