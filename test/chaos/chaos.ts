// `npm run chaos`: kills a proxy under load, again and again, and looks for what was lost. See its usage below.
import { randomOf } from '../fuzz/mutations.ts'
import { readOptions } from '../support/command-line.ts'
import { faultLines } from '../support/fault-lines.ts'
import { beginLongRun, progressOption } from '../support/long-run.ts'
import { seed, whole } from '../support/option-kinds.ts'
import { runChaos } from './chaos-run.ts'

const { values } = readOptions({
  command: 'npm run chaos --',
  purpose:
    'Kills a proxy under load at random instants, at times with a loss of what no disk had confirmed, starts it again on the same files, and holds its audit\n' +
    'against what consumers and the provider have seen. Ctrl-C ends it in order: what was done so far is verified.',
  options: { kills: whole('kills to make', { otherwise: 1000 }), seed: seed(), progress: progressOption },
  exits: {
    0: 'every kill was made, and nothing was wrong',
    1: 'something was wrong: the lines FAULT',
    2: 'nothing was wrong, and fewer kills were made',
  },
})
const began = performance.now()
let soFar = { kills: 0, faults: 0 }
const { stop, end } = beginLongRun(values.progress, () => {
  const { kills, faults } = soFar
  return `chaos: ${kills} of ${values.kills} kills, ${faults} faults, ${((performance.now() - began) / 1000).toFixed(0)} s`
})
process.stdout.write(`seed ${values.seed}\n`)
const { faults, ...counts } = await runChaos(randomOf(values.seed), (kills) => kills >= values.kills || stop.aborted, {
  ownGroup: true,
  tell: (told) => {
    soFar = { kills: told.kills, faults: told.faults.length }
  },
})
end()
for (const [name, count] of Object.entries(counts)) process.stdout.write(`${name.padEnd(12)} ${count}\n`)
for (const line of faultLines(faults)) process.stdout.write(`${line}\n`)
process.stdout.write(`${faults.length} faults\n`)
const missing = values.kills - counts.kills
if (missing > 0)
  process.stdout.write(
    `stopped by ${stop.reason} after ${counts.kills} of ${values.kills} kills, ${missing} were not made (seed ${values.seed})\n`,
  )
process.exitCode = faults.length > 0 ? 1 : missing > 0 ? 2 : 0
