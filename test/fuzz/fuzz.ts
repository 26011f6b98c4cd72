// `npm run fuzz`: changed bytes for the parsers in this process, then for a proxy in a process of its own over TLS. See its usage below.
import { readOptions } from '../support/command-line.ts'
import type { Held } from '../support/held.ts'
import { positive, seed, whole } from '../support/option-kinds.ts'
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

const { values } = readOptions({
  command: 'npm run fuzz --',
  purpose:
    'Gives changed bytes to every parser, and then to a proxy over TLS whose provider is hostile too. What is thrown that is no refusal, takes too long, leaks or\n' +
    'is missing from the audit is a fault. With a number of cases, the proxy gets a tenth of them; of the time, the parsers get a quarter.',
  options: {
    cases: whole('cases for the parsers', { otherwiseSaid: `${usual}, where no seconds are told` }),
    seconds: positive('how long at most'),
    seed: seed(),
  },
  exits: { 0: 'nothing was found', 1: 'something was: the lines FAULT' },
})
const { seconds } = values
const cases = values.cases ?? (seconds === undefined ? usual : undefined)
const random = randomOf(values.seed)
process.stdout.write(`seed ${values.seed}\n`)

const parsers = await fuzzParsers(random, enoughAfter(cases, seconds && seconds * parserShare))
const list = Object.entries(parsers.cases).map(([name, count]) => `${name} ${count}`)
process.stdout.write(`parsers: ${Object.values(parsers.cases).reduce((a, b) => a + b, 0)} cases (${list.join(', ')})\n`)
if (parsers.heap !== undefined)
  process.stdout.write(`  heap of this process: ${megabytes(parsers.heap.before)} MB before, ${megabytes(parsers.heap.after)} MB after\n`)

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

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
