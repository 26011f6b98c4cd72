// The benchmark of the proxy beside others: CPU time a request and throughput, over mutual TLS on both legs. See bench-options.ts for its options.
import { mkdirSync } from 'node:fs'
import { loadavg } from 'node:os'
import { resolve } from 'node:path'
import type { SecureContext } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { type BenchOptions, benchOptions } from './bench-options.ts'
import { type BenchWorld, makeBenchWorld } from './bench-world.ts'
import { benchHandshakes } from './handshakes/handshakes.ts'
import { benchIdle } from './idle/idle.ts'
import { consumerContext } from './load/consumer-context.ts'
import { startLoad } from './load/load.ts'
import { measureScenario, type RunningSubject } from './measure-scenario.ts'
import { freePort, startProcess, stopProcesses } from './owned-processes.ts'
import { benchPace } from './pace/pace.ts'
import { profileText } from './profile-summary.ts'
import { benchProtection } from './protection/protection.ts'
import { benchRefused } from './refused/refused.ts'
import { benchReport } from './report/report.ts'
import { type Summary, summarise } from './summary.ts'
import { summaryText } from './summary-text.ts'
import { machineText, surroundings } from './surroundings.ts'

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Nothing here is known to more than three decimals. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}

async function startSubjects(options: BenchOptions, world: BenchWorld, handshake: SecureContext): Promise<readonly RunningSubject[]> {
  const running: RunningSubject[] = []
  for (const subject of options.subjects) {
    const command = await subject.command(world, await freePort(), options.profile, options.workers)
    running.push({ subject, running: await startProcess(subject.title, command, handshake) })
  }
  return running
}

async function run(options: BenchOptions): Promise<void> {
  const providerPort = await freePort()
  const world = await makeBenchWorld(providerPort, Math.max(64, ...options.scenarios.map(({ connections }) => connections)))
  try {
    const provider = fileURLToPath(new URL('provider.ts', import.meta.url))
    const handshake = consumerContext(world.directory)
    await startProcess(
      'the provider',
      {
        program: process.execPath,
        args: [
          provider,
          world.directory,
          String(providerPort),
          '0',
          options.scenarios.find((one) => one.record !== undefined)?.record ?? '',
        ],
        port: providerPort,
      },
      handshake,
    )
    const load = startLoad(world.directory)
    const subjects = await startSubjects(options, world, handshake)
    const machine = surroundings(world)
    const summaries: Summary[] = []
    for (const scenario of options.scenarios) {
      const summary = summarise(scenario, await measureScenario(scenario, subjects, options.rounds, load, providerPort, say))
      summaries.push(summary)
      if (!options.json) console.log(summaryText(summary))
    }
    if (options.json) console.log(JSON.stringify({ machine: machine(), loadAverageAtEnd: loadavg(), summaries }, rounded, 2))
    else console.log(machineText(machine()))
  } finally {
    await stopProcesses()
  }
}

/** What is measured in a way of its own, with options of its own. Each tells whether what is promised holds. */
const scenes: Readonly<Record<string, (args: readonly string[], say: (text: string) => void) => Promise<boolean>>> = {
  refused: benchRefused,
  protection: benchProtection,
  handshakes: benchHandshakes,
  pace: benchPace,
  idle: benchIdle,
  report: benchReport,
}

async function main(): Promise<void> {
  const [first = '', ...others] = process.argv.slice(2)
  const scene = Object.hasOwn(scenes, first) ? scenes[first] : undefined
  if (scene !== undefined) {
    if (!(await scene(others, say))) process.exitCode = 1
    return
  }
  const options = benchOptions(process.argv.slice(2))
  const profile = options.profile === undefined ? undefined : resolve(options.profile)
  if (profile !== undefined) mkdirSync(profile, { recursive: true })
  await run({ ...options, profile })
  if (profile !== undefined) say(profileText(profile))
}

main().catch((error: unknown) => {
  say(`the benchmark failed: ${error instanceof Error ? error.message : 'unknown'}`)
  process.exitCode = 1
})
