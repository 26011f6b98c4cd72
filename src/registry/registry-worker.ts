import { parentPort, workerData } from 'node:worker_threads'
import { type LoadRequest, loadRegistry } from './load-registry.ts'

// The thread that `load-off-thread.ts` starts: one load, one message, and it ends. Tables travel as shared memory, uncopied.
parentPort?.postMessage(await loadRegistry(workerData as LoadRequest))
