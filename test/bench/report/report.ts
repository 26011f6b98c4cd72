import { spawn } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { readOptions } from '../../support/command-line.ts'
import { flag, positive, someOf, text } from '../../support/option-kinds.ts'
import { type Reference, referenceSet } from './reference-set.ts'
import { targetLines, targetTable } from './targets.ts'

const program = fileURLToPath(new URL('../bench.ts', import.meta.url))
const stopLimitMs = 15_000

/** What came of one measurement. */
type Outcome = 'written' | 'no time left' | { readonly failed: string }

/**
 * `npm run bench -- report`: measures everything that is published, one after the other, each in a process of its own, and writes the raw figures of each to a
 * file of its own with the command that made them. Prints, of all that the folder holds then, which targets are reached. Resolves with whether every file was written.
 */
export async function benchReport(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const { values } = readOptions(
    {
      command: 'npm run bench -- report',
      purpose:
        'Measures everything that is published, one after the other, and writes the raw figures of each to a file in the folder, with the command that made them; then\n' +
        'prints which targets are reached by all that is in the folder. To be run on a machine that does nothing else.',
      options: {
        out: text('DIR', 'the folder of the raw figures, made where it is not there; a file that is there is replaced'),
        only: someOf(
          referenceSet.map(({ name }) => name),
          `of ${referenceSet.map(({ name }) => name).join(', ')}`,
        ),
        minutes: positive('the most that all of it may take; what is not done by then is left out', { otherwise: 180, to: 10_000 }),
        trial: flag('each as short as it can be, to see that all of it runs: the figures are worth nothing'),
        targets: flag('measure nothing, and print which targets are reached by what is in the folder'),
      },
      exits: { 0: 'every measurement was made, whatever it found', 1: 'one failed, or there was no time for it' },
      wrong: ({ out, trial, targets }) =>
        out === undefined && (targets || !trial)
          ? `${targets ? '--targets' : 'a report'} needs --out, the folder of its figures`
          : undefined,
    },
    args,
  )
  const folder = values.out === undefined ? undefined : resolve(values.out)
  if (!values.targets && folder !== undefined) mkdirSync(folder, { recursive: true })
  const chosen = values.targets ? [] : referenceSet.filter(({ name }) => values.only?.includes(name) ?? true)
  const ends = performance.now() + values.minutes * 60_000
  const missing: string[] = []
  for (const [at, one] of chosen.entries()) {
    const minutesLeft = ((ends - performance.now()) / 60_000).toFixed(0)
    say(`\n${at + 1} of ${chosen.length}, ${one.name}; ${minutesLeft} minutes left`)
    const outcome = await measure(one, values.trial, folder, ends)
    if (outcome === 'written') continue
    missing.push(`${one.name}: ${typeof outcome === 'string' ? outcome : outcome.failed}`)
    say(`NOT MEASURED ${missing.at(-1)}`)
  }
  if (folder !== undefined) console.log(targetTable(targetLines(folder)))
  for (const one of missing) console.log(`NOT MEASURED ${one}`)
  return missing.length === 0
}

/** Runs the benchmark as anybody would, and keeps its figures. A scene that misses what is promised has measured it all the same. */
async function measure({ name, args, trial }: Reference, isTrial: boolean, folder: string | undefined, ends: number): Promise<Outcome> {
  const left = ends - performance.now()
  if (left <= 0) return 'no time left'
  const all = [...args, ...(isTrial ? trial : []), '--json']
  const began = new Date()
  const child = spawn(process.execPath, [program, ...all], { stdio: ['ignore', 'pipe', 'inherit'] })
  const terminate = (): void => void child.kill('SIGTERM')
  process.once('exit', terminate)
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    terminate()
  }, left)
  const kill = setTimeout(() => child.kill('SIGKILL'), left + stopLimitMs)
  const ended = new Promise<string>((settle) => {
    child.once('error', (error) => settle(error.message))
    child.once('close', (code, signal) => settle(signal ?? `exit code ${code}`))
  })
  const out = await readAll(child.stdout)
  const how = await ended
  clearTimeout(late)
  clearTimeout(kill)
  process.off('exit', terminate)
  if (isLate) return 'no time left'
  const figures = objectIn(out)
  if (figures === undefined) return { failed: `it ended with ${how} and without figures` }
  if (folder !== undefined) {
    const file = join(folder, `${name}.json`)
    const head = {
      command: `npm run bench -- ${all.join(' ')}`,
      began: began.toISOString(),
      seconds: Math.round((Date.now() - began.getTime()) / 1000),
    }
    writeFileSync(`${file}.part`, `${JSON.stringify({ ...head, ...figures }, null, 2)}\n`)
    renameSync(`${file}.part`, file)
  }
  return 'written'
}

function objectIn(out: string): object | undefined {
  try {
    const found: unknown = JSON.parse(out)
    return typeof found === 'object' && found !== null ? found : undefined
  } catch {
    return undefined
  }
}
