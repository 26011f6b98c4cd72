import { parentPort, workerData } from 'node:worker_threads'
import { type MendRequest, mendTiles } from './mend-tiles.ts'

// The thread that `mend-off-thread.ts` starts: it makes the tiles, says so, and ends.
parentPort?.postMessage(await mendTiles(workerData as MendRequest))
