/**
 * `npm run soak -- [--minutes N | --seconds N] [--rate N] [--seed S]`: calls of every kind at a constant rate for an hour unless told otherwise, with a
 * reload every half minute. Prints memory, open files and latency by thirds and what the audit accounts for; the exit code is 0 only where nothing
 * grew and every call is in the audit.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { randomOf } from '../fuzz/mutations.ts'
import { runSoak } from './soak-run.ts'
import type { Thirds } from './thirds.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '40' },
    seed: { type: 'string' },
  },
})
const seconds = values.seconds === undefined ? Number(values.minutes) * 60 : Number(values.seconds)
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
process.stdout.write(`seed ${seed}, ${seconds} s, ${values.rate} calls a second, load ${loadavg().map((one) => one.toFixed(1))}\n`)

const run = await runSoak(randomOf(seed), { seconds, callsPerSecond: Number(values.rate), reloadEverySeconds: 30 })
for (const [name, count] of Object.entries(run.calls)) process.stdout.write(`  ${name.padEnd(16)} ${count}\n`)
process.stdout.write(`answers on resumed sessions: ${run.resumed}; reloads: ${run.reloads}\n`)
process.stdout.write(`audit: ${run.accounts.exchanges} exchanges, ${run.accounts.recorded} of them in it; the log verifies\n`)
for (const one of [...run.held, run.latency]) process.stdout.write(`${shown(one)}\n`)
const faults = [...run.faults, ...(run.latency.grows ? [`latency grew by ${run.latency.growth.toFixed(1)} ms`] : [])]
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`)
process.stdout.write(`${faults.length} faults, load ${loadavg().map((one) => one.toFixed(1))}\n`)
process.exitCode = faults.length === 0 ? 0 : 1

function shown({ name, parts, grows }: Thirds): string {
  return `${name.padEnd(16)} ${parts.map(({ median, min, max }) => `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`).join(' → ')}${grows ? ' GROWS' : ''}`
}
