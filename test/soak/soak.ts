// `npm run soak`: a day's calls at a constant rate, and what grows meanwhile. See its usage below.
import { loadavg } from 'node:os'
import { randomOf } from '../fuzz/mutations.ts'
import { readOptions } from '../support/command-line.ts'
import { faultLines } from '../support/fault-lines.ts'
import { beginLongRun, progressOption } from '../support/long-run.ts'
import { positive, seed } from '../support/option-kinds.ts'
import { runSoak, type SoakSoFar } from './soak-run.ts'
import type { Thirds } from './thirds.ts'

const { values } = readOptions({
  command: 'npm run soak --',
  purpose:
    'Makes calls of every kind at a constant rate, with a reload every half minute, and then looks for each of them in the audit. Prints memory, open files and\n' +
    'latency by thirds of the run. Ctrl-C ends it in order: the calls that were made are verified.',
  options: {
    minutes: positive('how long', { otherwiseSaid: '60' }),
    seconds: positive('the same in seconds'),
    rate: positive('calls a second', { otherwise: 40 }),
    seed: seed(),
    progress: progressOption,
  },
  exits: { 0: 'nothing grew, and every call is in the audit', 1: 'something was wrong: the lines FAULT' },
  wrong: ({ minutes, seconds }) => (minutes !== undefined && seconds !== undefined ? '--minutes and --seconds say the same' : undefined),
})
const seconds = values.seconds ?? (values.minutes ?? 60) * 60
const load = () => loadavg().map((one) => one.toFixed(1))
process.stdout.write(`seed ${values.seed}, ${seconds} s, ${values.rate} calls a second, load ${load()}\n`)

let soFar: SoakSoFar = { seconds: 0, calls: 0, faults: 0 }
const passed = () => `${soFar.seconds.toFixed(0)} of ${seconds} s`
const { stop, end } = beginLongRun(
  values.progress,
  () => `soak: ${passed()}, ${soFar.calls} calls, ${soFar.faults} faults, load ${load()[0]}`,
)
const run = await runSoak(randomOf(values.seed), {
  ...{ seconds, callsPerSecond: values.rate, reloadEverySeconds: 30, stop, ownGroup: true },
  tell: (told) => {
    soFar = told
  },
})
end()
if (stop.aborted) process.stdout.write(`stopped by ${stop.reason} after ${passed()} (seed ${values.seed})\n`)
for (const [name, count] of Object.entries(run.calls)) process.stdout.write(`  ${name.padEnd(16)} ${count}\n`)
process.stdout.write(`answers on resumed sessions: ${run.resumed}; reloads: ${run.reloads}\n`)
process.stdout.write(`audit: ${run.accounts.exchanges} exchanges, ${run.accounts.recorded} of them in it\n`)
for (const one of [...run.held, run.latency]) process.stdout.write(`${shown(one)}\n`)
const faults = [...run.faults, ...(run.latency.grows ? [`latency grew by ${run.latency.growth.toFixed(1)} ms`] : [])]
for (const line of faultLines(faults)) process.stdout.write(`${line}\n`)
process.stdout.write(`${faults.length} faults, load ${load()}\n`)
process.exitCode = faults.length === 0 ? 0 : 1

function shown({ name, parts, told, grows }: Thirds): string {
  const figures = parts.map(({ median, min, max }) => `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`).join(' → ')
  return `${name.padEnd(16)} ${told ? figures : 'too few samples to tell'}${grows ? ' GROWS' : ''}`
}
