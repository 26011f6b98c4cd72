import { honestHeaders } from '../../support/consumer.ts'
import { text, whole } from '../../support/option-kinds.ts'
import { world as cast } from '../../support/start-world.ts'
import { answerBytes } from '../answers.ts'
import { readSceneOptions } from '../bench-scene.ts'
import { makeBenchWorld } from '../bench-world.ts'
import { consumerContext } from '../load/consumer-context.ts'
import { type Load, startLoad } from '../load/load.ts'
import type { LoadTarget, PaceResult } from '../load/load-job.ts'
import { nodeCommand, proxyCommand } from '../node-command.ts'
import { freePort, startProcess, stopProcesses } from '../owned-processes.ts'
import { cpuSecondsOf } from '../process-cpu.ts'
import { aroundTrace, tracePlace } from '../refused/refused-calls.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import { thisProxyConfig } from '../subjects/this-proxy.ts'
import { machineText, surroundings } from '../surroundings.ts'
import { tableText } from '../table-text.ts'

/** The fixed scene: requests a second, connections, milliseconds. */
const scene = {
  victim: { perSecond: 20, connections: 10 },
  attacker: { perSecond: 500, connections: 10, limit: { requestsPerSecond: 5, burst: 5 } },
  providerMs: 20,
}
/** How much the victim's p95 may move, at the median of the pairs. */
const atMost = 0.1
const warmUpSeconds = 2

/** The victim alone, and with the attacker; milliseconds from when each request was due. */
interface Pair {
  readonly alone: PaceResult
  readonly attacked: PaceResult
  readonly attacker: PaceResult
  /** Share of one core that the proxy used. */
  readonly cpuAlone: number
  readonly cpuAttacked: number
}

/**
 * `npm run bench -- protection`: what a consumer within its limit feels of one that sends a hundred times
 * its own. Resolves with whether what is promised holds.
 */
export async function benchProtection(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const values = readSceneOptions(
    {
      scene: 'protection',
      purpose:
        'Measures what a consumer within its limit feels of one that sends a hundred times its own: paired runs, with it and without.',
      options: {
        runs: whole('pairs of runs', { otherwise: 10, to: 1000 }),
        seconds: whole('seconds of each run', { otherwise: 15, to: 3600 }),
        profile: text('DIR', "write the proxy's CPU profile there"),
      },
    },
    args,
  )
  const { runs, seconds } = values
  const providerPort = await freePort()
  const world = await makeBenchWorld(providerPort, 64)
  try {
    const handshake = consumerContext(world.directory)
    await startProcess(
      'the provider',
      nodeCommand('provider.ts', [world.directory, String(providerPort), String(scene.providerMs)], providerPort),
      handshake,
    )
    const port = await freePort()
    const config = await thisProxyConfig(world, port, { strangerRate: scene.attacker.limit })
    const proxy = await startProcess('the proxy', proxyCommand(config, port, values.profile), handshake)
    const [victim, attacker] = [startLoad(world.directory), startLoad(world.directory)]
    const machine = surroundings(world)
    const pairs: Pair[] = []
    for (let run = 1; run <= runs; run++) {
      const of = async (attacked: boolean) => {
        await victim.aim(targetOf(port, 'consumer'))
        await attacker.aim(targetOf(port, 'stranger'))
        await victim.pace(scene.victim.perSecond, warmUpSeconds)
        return timed(proxy.pid, victim, attacked ? attacker : undefined, seconds)
      }
      // Whoever comes first takes turns, too.
      const first = await of(run % 2 === 0)
      const second = await of(run % 2 !== 0)
      const [alone, attacked] = run % 2 === 0 ? [second, first] : [first, second]
      const pair = {
        ...{ alone: alone.victim, attacked: attacked.victim, attacker: attacked.attacker ?? attacked.victim },
        ...{ cpuAlone: alone.cpu, cpuAttacked: attacked.cpu },
      }
      pairs.push(pair)
      say(`run ${run} of ${runs}: p95 alone ${pair.alone.p95.toFixed(1)} ms, attacked ${pair.attacked.p95.toFixed(1)} ms`)
    }
    const moved = spreadOf(pairs.map(({ alone, attacked }) => attacked.p95 / alone.p95 - 1))
    const movedP99 = spreadOf(pairs.map(({ alone, attacked }) => attacked.p99 / alone.p99 - 1))
    const served = pairs.every(({ alone, attacked }) => onlyGood(alone) && onlyGood(attacked))
    const holds = served && moved.median < atMost
    if (values.json)
      console.log(JSON.stringify({ machine: machine(), scene, seconds, pairs, moved, movedP99, atMost, served, holds }, null, 2))
    else console.log(textOf(pairs, { moved, movedP99, holds, seconds, machine: machine() }))
    return holds
  } finally {
    await stopProcesses()
  }
}

async function timed(pid: number, victim: Load, attacker: Load | undefined, seconds: number) {
  const before = cpuSecondsOf(pid)
  const attack = attacker?.pace(scene.attacker.perSecond, seconds)
  const result = await victim.pace(scene.victim.perSecond, seconds)
  const other = await attack
  const cpu = (cpuSecondsOf(pid) - before) / seconds
  await victim.close()
  await attacker?.close()
  return { victim: result, attacker: other, cpu }
}

function targetOf(port: number, as: 'consumer' | 'stranger'): LoadTarget {
  const headers = { Host: 'localhost', ...honestHeaders(cast.searchPatient), 'Ssp-TraceID': tracePlace, 'Ssp-From': cast[as].asid }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = `GET /${cast.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018 HTTP/1.1\r\n${lines.join('')}\r\n`
  const { connections } = as === 'consumer' ? scene.victim : scene.attacker
  const common = {
    port,
    servername: 'localhost',
    connections,
    connection: 'kept' as const,
    request: aroundTrace(text),
    answerBytes: answerBytes.small,
    as,
  }
  return as === 'consumer' ? common : { ...common, status: 'any' }
}

function onlyGood({ statuses }: PaceResult): boolean {
  return Object.keys(statuses).every((status) => status === '200')
}

/** What came of all pairs. */
interface Protected {
  readonly moved: Spread
  readonly movedP99: Spread
  readonly holds: boolean
  readonly seconds: number
  readonly machine: object
}

function textOf(pairs: readonly Pair[], { moved, movedP99, holds, seconds, machine }: Protected): string {
  const ms = (milliseconds: number) => milliseconds.toFixed(1)
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const rows = pairs.map(({ alone, attacked, attacker, cpuAlone, cpuAttacked }, at) => [
    String(at + 1),
    ...[alone, attacked].flatMap(({ p50, p95, p99 }) => [ms(p50), ms(p95), ms(p99)]),
    ...[percent(attacked.p95 / alone.p95 - 1), percent(attacked.p99 / alone.p99 - 1)],
    Object.entries(attacker.statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
    `${percent(cpuAlone)} → ${percent(cpuAttacked)}`,
  ])
  const { victim, attacker, providerMs } = scene
  return [
    `protection: a victim at ${victim.perSecond}/s, an attacker limited to ${attacker.limit.requestsPerSecond}/s sends ${attacker.perSecond}/s on ${attacker.connections} connections; the provider takes ${providerMs} ms; ${seconds} s each; ms from when a request was due`,
    '',
    tableText([
      [
        ...['run', 'alone p50', 'p95', 'p99', 'attacked p50', 'p95', 'p99', 'p95 moved', 'p99 moved'],
        ...['the attacker was answered', 'CPU of the proxy'],
      ],
      ...rows,
    ]),
    '',
    `the victim's p95 moved by ${percent(moved.median)} (${percent(moved.min)} to ${percent(moved.max)}) at the median; less than ${percent(atMost)}: ${holds ? 'holds' : 'missed'}`,
    `its p99 moved by ${percent(movedP99.median)} (${percent(movedP99.min)} to ${percent(movedP99.max)}) at the median, of ${scene.victim.perSecond * seconds} requests in each run`,
    machineText(machine),
  ].join('\n')
}
