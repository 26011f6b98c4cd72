/**
 * `npm run chaos -- [--kills N] [--seed S]`: kills a proxy under load at random instants and starts it again; 1,000 times unless told
 * otherwise. Prints what was done and what was found; the exit code is 0 only where nothing was.
 */
import { parseArgs } from 'node:util'
import { randomOf } from '../fuzz/mutations.ts'
import { runChaos } from './chaos-run.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string' } } })
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
process.stdout.write(`seed ${seed}\n`)
const { faults, ...counts } = await runChaos(randomOf(seed), (done) => done >= Number(values.kills))
for (const [name, count] of Object.entries(counts)) process.stdout.write(`${name.padEnd(12)} ${count}\n`)
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`)
process.stdout.write(`${faults.length} faults\n`)
process.exitCode = faults.length === 0 ? 0 : 1
