import { Worker } from 'node:worker_threads'
import type { LoadOutcome, LoadRequest } from './load-registry.ts'

/** The same as `loadRegistry`, in a thread of its own, so that the calls of this one go on. A thread that dies comes back as `rejected`. */
export function loadOffThread(request: LoadRequest): Promise<LoadOutcome> {
  // Run from source, the worker is source; built, it is built.
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const worker = new Worker(new URL(`./registry-worker${extension}`, import.meta.url), { workerData: request, name: 'registry' })
  return new Promise((settle) => {
    const died = (reason: string): void =>
      settle({
        kind: 'rejected',
        place: request.files.join(', '),
        message: `the thread that loads the registry ended: ${reason}`,
        findings: [],
      })
    worker.once('message', (outcome: LoadOutcome) => settle(outcome))
    worker.once('error', (error) => died(error instanceof Error ? error.message : String(error)))
    worker.once('exit', (code) => died(`exit code ${code}`))
  })
}
