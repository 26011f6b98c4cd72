/**
 * `npm run fuzz -- [--cases N | --seconds N] [--seed S]`: changed bytes for the parsers in this process, then for a proxy in a process of its own
 * over TLS. Prints what was done and what was found; the exit code is 0 only where nothing was.
 */
import { parseArgs } from 'node:util'
import type { Held } from '../support/held.ts'
import { fuzzParsers } from './fuzz-parsers.ts'
import { fuzzProxy } from './fuzz-proxy.ts'
import { randomOf } from './mutations.ts'

const usual = 20_000
/** Of the time, what the parsers get; of the cases, how many go to the proxy. */
const parserShare = 0.25
const proxyShare = 0.1

function enoughAfter(cases: number | undefined, seconds: number | undefined): (done: number) => boolean {
  const end = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1000
  return (done) => done >= (cases ?? Number.POSITIVE_INFINITY) || performance.now() >= end
}

const { values } = parseArgs({ options: { cases: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' } } })
const seconds = values.seconds === undefined ? undefined : Number(values.seconds)
const cases = values.cases === undefined ? (seconds === undefined ? usual : undefined) : Number(values.cases)
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
const random = randomOf(seed)
process.stdout.write(`seed ${seed}\n`)

const parsers = await fuzzParsers(random, enoughAfter(cases, seconds && seconds * parserShare))
const list = Object.entries(parsers.cases).map(([name, count]) => `${name} ${count}`)
process.stdout.write(`parsers: ${Object.values(parsers.cases).reduce((a, b) => a + b, 0)} cases (${list.join(', ')})\n`)
if (parsers.heapGrowth !== undefined) process.stdout.write(`  heap of this process: ${signed(parsers.heapGrowth)} MB\n`)

const proxy = await fuzzProxy(random, enoughAfter(cases && Math.ceil(cases * proxyShare), seconds && seconds * (1 - parserShare)))
process.stdout.write(`proxy: ${proxy.cases} cases; ${proxy.exchanges} exchanges, ${proxy.recorded} of them in the audit\n`)
process.stdout.write(`  before: ${shown(proxy.before)}\n  after:  ${shown(proxy.after)}\n`)

const faults = [...parsers.faults, ...proxy.faults]
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`)
process.stdout.write(`${faults.length} faults\n`)
process.exitCode = faults.length === 0 ? 0 : 1

function shown({ files, residentBytes, heapBytes }: Held): string {
  return `${files} open files, ${megabytes(residentBytes)} MB resident, ${megabytes(heapBytes)} MB of heap`
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '' : '+'}${megabytes(bytes)}`
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
