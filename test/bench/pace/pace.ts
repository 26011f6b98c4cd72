import { someOf, whole } from '../../support/option-kinds.ts'
import { installedSubjects } from '../bench-options.ts'
import { type BenchScene, inBenchScene, readSceneOptions } from '../bench-scene.ts'
import type { LoadTarget, PaceResult } from '../load/load-job.ts'
import type { OwnedProcess } from '../owned-processes.ts'
import { directTarget, throughTarget } from '../scenario-target.ts'
import { type Scenario, scenarios } from '../scenarios.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import { type Subject, subjects } from '../subjects/subject.ts'
import { machineText } from '../surroundings.ts'
import { tableText } from '../table-text.ts'

/** Shares of this proxy's measured capacity at which is asked. */
const shares = [0.5, 0.8] as const
/** Milliseconds that this proxy may add at half load: at the median, and at the 99th percentile. */
const goals = { share: 0.5, p50: 1.5, p99: 5 } as const
const capacityRequests = 5_000
const warmUp = 1_500
const percentiles = ['p50', 'p99', 'p999'] as const

type Percentiles = Readonly<Record<(typeof percentiles)[number], number>>

interface Measured {
  readonly share: number
  readonly perSecond: number
  readonly subject: string
  /** Milliseconds from when each request was due to its last byte, less what the provider itself takes at that rate. */
  readonly added: Readonly<Record<(typeof percentiles)[number], Spread>>
}

/**
 * `npm run bench -- pace`: latency at a constant rate, counted from when each request was due, so
 * that waiting counts; the rate is half, and eight tenths, of what this proxy can take. Resolves with whether what is promised holds.
 */
export async function benchPace(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const values = readSceneOptions(
    {
      scene: 'pace',
      purpose:
        'Measures the latency that is added at a constant rate, counted from when each request was due, so that waiting counts; the rate is half, and eight tenths, of\n' +
        'what the first subject can take. What the provider itself takes at that rate is taken off.',
      options: {
        rounds: whole('rounds, each of every subject in turn', { otherwise: 5, to: 1000 }),
        seconds: whole('seconds of a measured window', { otherwise: 10, to: 3600 }),
        subjects: someOf(
          subjects.map(({ name }) => name),
          `of ${subjects.map(({ name }) => name).join(', ')}`,
          'those of this-proxy,undici,nginx-deciding that are installed',
        ),
      },
    },
    args,
  )
  const { rounds, seconds } = values
  const usual = subjects.filter((one) => ['this-proxy', 'undici', 'nginx-deciding'].includes(one.name) && one.installed())
  const chosen = values.subjects === undefined ? usual : installedSubjects(values.subjects)
  const scenario = scenarios[0] as Scenario
  return inBenchScene(scenario.connections, async (scene) => {
    const running = await startAll(chosen, scene)
    const capacity = await capacityOf(scenario, running[0]?.[1] as OwnedProcess, scene)
    say(`capacity of ${running[0]?.[0].title}: ${capacity.toFixed(0)} requests/s`)
    const measured: Measured[] = []
    for (const share of shares) {
      const perSecond = Math.round(capacity * share)
      const turns = new Map<Subject, Percentiles[]>(chosen.map((one) => [one, []]))
      for (let round = 1; round <= rounds; round++) {
        const direct = await paced(directTarget(scenario, scene.world.providerPort), perSecond, seconds, scene)
        for (const [subject, { port }] of running) {
          const through = await paced(throughTarget(scenario, port), perSecond, seconds, scene)
          turns.get(subject)?.push(added(through, direct))
        }
        say(
          `${share * 100} %, round ${round} of ${rounds}: ${[...turns].map(([{ name }, all]) => `${name} ${all.at(-1)?.p50.toFixed(2)} ms`).join(', ')}`,
        )
      }
      for (const [{ title }, all] of turns) {
        const spread = Object.fromEntries(percentiles.map((name) => [name, spreadOf(all.map((one) => one[name]))])) as Measured['added']
        measured.push({ share, perSecond, subject: title, added: spread })
      }
    }
    const ours = measured.find(({ share, subject }) => share === goals.share && subject === chosen[0]?.title)?.added
    const holds = ours !== undefined && ours.p50.median < goals.p50 && ours.p99.median < goals.p99
    if (values.json) console.log(JSON.stringify({ machine: scene.machine(), capacity, seconds, rounds, goals, measured, holds }, null, 2))
    else console.log(textOf(measured, capacity, holds, scene.machine()))
    return holds
  })
}

async function startAll(chosen: readonly Subject[], { world, start }: BenchScene): Promise<readonly (readonly [Subject, OwnedProcess])[]> {
  const running: (readonly [Subject, OwnedProcess])[] = []
  for (const subject of chosen) running.push([subject, await start(subject.title, (port) => subject.command(world, port, undefined, 1))])
  return running
}

async function capacityOf(scenario: Scenario, { port }: OwnedProcess, { load }: BenchScene): Promise<number> {
  await load.aim(throughTarget(scenario, port))
  await load.run(warmUp)
  const { seconds } = await load.run(capacityRequests)
  await load.close()
  return capacityRequests / seconds
}

async function paced(target: LoadTarget, perSecond: number, seconds: number, { load }: BenchScene): Promise<PaceResult> {
  await load.aim(target)
  await load.pace(perSecond, 1)
  const result = await load.pace(perSecond, seconds)
  await load.close()
  return result
}

function added(through: PaceResult, direct: PaceResult): Percentiles {
  return { p50: through.p50 - direct.p50, p99: through.p99 - direct.p99, p999: through.p999 - direct.p999 }
}

function textOf(measured: readonly Measured[], capacity: number, holds: boolean, machine: object): string {
  const rows = measured.map(({ share, perSecond, subject, added: all }) => [
    `${share * 100} %, ${perSecond}/s, ${subject}`,
    ...percentiles.map((name) => `${all[name].median.toFixed(2)} (${all[name].min.toFixed(2)}–${all[name].max.toFixed(2)})`),
  ])
  return [
    `latency added at a constant rate, ms from when each request was due; this proxy takes ${capacity.toFixed(0)}/s`,
    '',
    tableText([['', 'added p50', 'p99', 'p99.9'], ...rows]),
    '',
    `at ${goals.share * 100} % this proxy adds less than ${goals.p50} ms (p50) and ${goals.p99} ms (p99): ${holds ? 'holds' : 'missed'}`,
    machineText(machine),
  ].join('\n')
}
