import { setTimeout as pause } from 'node:timers/promises'
import { sumOf } from './accounts.ts'
import { memoryOf, openFilesOf, type WorldProcess } from './start-world-process.ts'
import { until } from './until.ts'

/** What the proxy's process holds. */
export interface Held {
  readonly files: number
  readonly residentBytes: number
  /** What is alive on its heap, where its garbage can be collected before it is measured. */
  readonly heapBytes: number
}

/** A connection to the provider that is still kept, a timer of the system. */
const mostFilesMore = 3
/** The engine gives memory back late: a leak of 10 kB a case is found within 30,000. */
const mostBytesMore = 300 * 1_048_576
/** What is alive: its buffers for the audit and the index grow and shrink, and the engine's own code does with what is called. */
const mostHeapMore = 12 * 1_048_576

/** What the process holds once it has nothing to do: no connection of ours is left, and idle ones to the provider are closed. */
export async function heldWhenIdle(world: WorldProcess): Promise<Held> {
  await until('no exchange is under way', async () => sumOf((await world.page('/metrics')).body, 'ssp_exchanges_in_flight') === 0, {
    withinMs: 30_000,
    everyMs: 100,
  })
  let files = await openFilesOf(world.pid)
  // Closing takes its time limits; it is over when the number stands still.
  for (let still = 0; still < 10; ) {
    await pause(300)
    const now = await openFilesOf(world.pid)
    still = now < files ? 0 : still + 1
    files = Math.min(files, now)
  }
  world.collect?.()
  // The signal has come before the answer that is asked for a moment later is made.
  await pause(300)
  const page = (await world.page('/metrics')).body
  return { files, residentBytes: (await memoryOf(world.pid)).now, heapBytes: sumOf(page, 'nodejs_heap_used_bytes') }
}

/** What is more than before and should not be, a sentence each. */
export function leaks(before: Held, after: Held): readonly string[] {
  const files = after.files - before.files
  const bytes = after.residentBytes - before.residentBytes
  const heap = after.heapBytes - before.heapBytes
  return [
    ...(files > mostFilesMore ? [`${files} files more are open than before`] : []),
    ...(bytes > mostBytesMore ? [`${bytes} bytes more are held in memory than before`] : []),
    ...(heap > mostHeapMore ? [`${heap} bytes more are on the heap than before`] : []),
  ]
}
