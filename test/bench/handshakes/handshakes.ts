import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { text, whole } from '../../support/option-kinds.ts'
import { type BenchScene, inBenchScene, readSceneOptions } from '../bench-scene.ts'
import type { Load } from '../load/load.ts'
import { nodeCommand } from '../node-command.ts'
import type { OwnedProcess } from '../owned-processes.ts'
import { cpuSecondsOf } from '../process-cpu.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import { subjects } from '../subjects/subject.ts'
import { machineText } from '../surroundings.ts'
import { tableText } from '../table-text.ts'

/** Handshakes of this proxy in those of another, by CPU time. */
const goals = { full: { bare: 0.9, nginx: 0.9 }, resumed: { bare: 0.9 } } as const
const settleMs = 100
const consumers = 16

interface Measured {
  readonly kind: 'full' | 'resumed'
  readonly subject: string
  /** CPU milliseconds of a handshake. */
  readonly cpu: Spread
  readonly perSecond: Spread
  /** This proxy's handshakes in the same CPU time; at least `goal`. */
  readonly ratio?: Spread
  readonly goal?: number
}

/**
 * `npm run bench -- handshakes`: mutual handshakes alone, full and resumed, at this proxy, at a bare `node:https`
 * server and at nginx with the same keys. Resolves with whether what is promised holds.
 */
export async function benchHandshakes(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const values = readSceneOptions(
    {
      scene: 'handshakes',
      purpose:
        'Measures mutual handshakes alone, full and resumed, at this proxy, at a bare node:https server and at nginx with the same keys.',
      options: {
        rounds: whole('rounds, each of every subject in turn', { otherwise: 7, to: 1000 }),
        handshakes: whole('handshakes of a measured window', { otherwise: 400, to: 1_000_000 }),
        profile: text('DIR', 'write CPU profiles of the Node subjects there'),
      },
    },
    args,
  )
  const { rounds, handshakes } = values
  return inBenchScene(64, async (scene) => {
    const running = await startAll(scene, values.profile)
    const measured: Measured[] = []
    for (const kind of ['full', 'resumed'] as const) {
      const turns = new Map<string, { readonly cpu: number; readonly perSecond: number }[]>(running.map(([name]) => [name, []]))
      for (let round = 1; round <= rounds; round++) {
        for (const [name, one] of running) turns.get(name)?.push(await turn(kind, one, scene.load, handshakes))
        say(
          `${kind}, round ${round} of ${rounds}: ${[...turns].map(([name, all]) => `${name} ${all.at(-1)?.cpu.toFixed(3)} ms`).join(', ')}`,
        )
      }
      const ours = turns.get('this-proxy') ?? []
      for (const [subject, all] of turns) {
        const cpu = spreadOf(all.map((one) => one.cpu))
        const perSecond = spreadOf(all.map((one) => one.perSecond))
        const ratio = spreadOf(all.map((one, round) => one.cpu / (ours[round]?.cpu ?? Number.NaN)))
        const goal = (goals[kind] as Readonly<Record<string, number>>)[subject]
        measured.push({ kind, subject, cpu, perSecond, ...(subject !== 'this-proxy' && { ratio }), ...(goal !== undefined && { goal }) })
      }
    }
    const holds = measured.every(({ ratio, goal }) => goal === undefined || (ratio?.median ?? 0) >= goal)
    if (values.json) console.log(JSON.stringify({ machine: scene.machine(), rounds, handshakes, measured, holds }, null, 2))
    else console.log(textOf(measured, rounds, handshakes, scene.machine()))
    return holds
  })
}

async function startAll({ world, start }: BenchScene, profile: string | undefined): Promise<readonly (readonly [string, OwnedProcess])[]> {
  const running: (readonly [string, OwnedProcess])[] = []
  for (const name of ['this-proxy', 'nginx'] as const) {
    const subject = subjects.find((one) => one.name === name)
    if (subject?.installed()) running.push([name, await start(subject.title, (port) => subject.command(world, port, profile, 1))])
  }
  const answers = join(world.directory, 'no-answers.json')
  await writeFile(answers, '{}')
  const bare = await start('the bare server', (port) =>
    nodeCommand('refused/bare-server.ts', [world.directory, String(port), answers], port, profile),
  )
  return [...running, ['bare', bare]]
}

async function turn(kind: 'full' | 'resumed', { pid, port }: OwnedProcess, load: Load, handshakes: number) {
  const connection = kind === 'full' ? ('new' as const) : ('resumed' as const)
  await load.aim({ port, servername: 'localhost', connections: consumers, connection, request: ['', ''], answerBytes: 0 })
  // Every consumer has a session from here on, where it is to resume one.
  await load.shake(consumers * 2)
  await pause(settleMs)
  const before = cpuSecondsOf(pid)
  const seconds = await load.shake(handshakes)
  await pause(settleMs)
  return { cpu: ((cpuSecondsOf(pid) - before) / handshakes) * 1000, perSecond: handshakes / seconds }
}

function textOf(measured: readonly Measured[], rounds: number, handshakes: number, machine: object): string {
  const range = ({ median, min, max }: Spread, digits: number) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
  const rows = measured.map(({ kind, subject, cpu, perSecond, ratio, goal }) => [
    `${kind}, ${subject}`,
    range(cpu, 3),
    range(perSecond, 0),
    ratio === undefined ? '' : range(ratio, 2),
    goal === undefined || ratio === undefined ? '' : `at least ${goal}: ${ratio.median >= goal ? 'reached' : 'not reached'}`,
  ])
  return [
    `handshakes with certificates on both sides, no request; ${consumers} consumers, ${rounds} rounds of ${handshakes}`,
    '',
    tableText([['', 'CPU ms', 'per second', 'of this proxy in the same CPU time', ''], ...rows]),
    '',
    machineText(machine),
  ].join('\n')
}
