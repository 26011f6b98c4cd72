import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** A process with some 30 MB that live, and more and more garbage that has grown old; says how many rounds of that passed before a full collection. */
const program = (begins: string): string => `
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { collectSeldom } from '${new URL('../../../src/lib/collector.ts', import.meta.url)}'
${begins}
let full = 0
let rounds = 0
const objects = () => Array.from({ length: 8_192 }, (_, nth) => ({ nth, of: [nth] }))
const live = Array.from({ length: 40 }, objects)
gc({ type: 'major', flavor: 'last-resort' })
await pause(300)
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++
}).observe({ entryTypes: ['gc'] })
for (; full === 0 && rounds < 400; rounds++) {
  let kept = objects()
  gc({ type: 'minor' })
  gc({ type: 'minor' })
  kept = undefined
  await pause(30)
}
process.stdout.write(String(live.length === 40 ? rounds : -1))
`

async function roundsBeforeOne(begins: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--input-type=module-typescript',
    '--eval',
    program(begins),
  ])
  return Number(stdout)
}

test('garbage that has grown old gathers where V8 alone would collect it', async () => {
  const [usual, seldom] = await Promise.all([roundsBeforeOne(''), roundsBeforeOne('collectSeldom()')])
  expect(seldom).toBeGreaterThan(3 * usual)
})
