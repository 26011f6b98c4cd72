import { getPriority, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../lib/clock.ts'
import type { IndexMessage, IndexQuestion, IndexThreadData } from './index-messages.ts'
import { createIndexWork } from './index-work.ts'
import { openIndexStore } from './open-index-store.ts'

// The thread that `index-thread.ts` starts: it follows the logs and answers, so that no call of a consumer waits for a database.

/** Milliseconds between two looks at the logs. */
const interval = 150
/** Where processors are short, calls go before the index: it does in a moment what nobody waits for (nice values of setpriority(2)). */
const niceness = 5
/** Milliseconds after a failure, doubled with each to the last. */
const patience = [500, 5000] as const

const { settings, dataDirectory, node, tls, retentionMonths } = workerData as IndexThreadData
const say = (message: IndexMessage): void => parentPort?.postMessage(message)
const store = openIndexStore(settings, { dataDirectory, now: systemClock.now, ...(tls !== undefined && { tls }) })
const work = createIndexWork({
  ...{ store, dataDirectory, node, retentionMonths, clock: systemClock },
  secrets: settings.postgres,
  told: (progress) => say({ progress }),
})
let closing = false
// On Linux a priority is a thread's own; elsewhere it would be that of the whole process.
if (process.platform === 'linux') setPriority(Math.max(getPriority(), niceness))

parentPort?.on('message', async ({ id, method, args }: IndexQuestion) => {
  try {
    if (method === 'close') closing = true
    const ask = work[method] as (...given: readonly unknown[]) => Promise<never>
    say({ id, result: await ask(...args) })
    if (method === 'close') parentPort?.close()
  } catch (error) {
    say({ id, problem: error instanceof Error ? error.message : String(error) })
  }
})

let wait: number = interval
while (!closing) {
  try {
    await work.step()
    wait = interval
  } catch {
    // Told with the progress; the logs hold everything, so that nothing is lost meanwhile.
    wait = Math.min(patience[1], Math.max(patience[0], wait * 2))
  }
  await pause(wait)
}
