import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { recordedExchanges } from '../../support/accounts.ts'
import { entriesOf } from '../../support/audit-log-text.ts'
import { someOf, text, whole } from '../../support/option-kinds.ts'
import { until } from '../../support/until.ts'
import { readSceneOptions } from '../bench-scene.ts'
import { makeBenchWorld } from '../bench-world.ts'
import { consumerContext } from '../load/consumer-context.ts'
import { startLoad } from '../load/load.ts'
import { nodeCommand, proxyCommand } from '../node-command.ts'
import { freePort, startProcess, stopProcesses } from '../owned-processes.ts'
import { spreadOf } from '../statistics.ts'
import { thisProxyConfig } from '../subjects/this-proxy.ts'
import { machineText, surroundings } from '../surroundings.ts'
import { tableText } from '../table-text.ts'
import { answerOf, callsOf, type RefusedRound, refusedRound } from './measure-refused.ts'
import { refusedCalls } from './refused-calls.ts'

/** What a refused call may cost beyond a bare answer: CPU milliseconds. */
const atMost = 0.3

/**
 * `npm run bench -- refused`: CPU time of refused calls beside a bare `node:https` answer of the same
 * bytes, and whether the audit accounts for each of them. Resolves with whether both promises hold.
 */
export async function benchRefused(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const values = readSceneOptions(
    {
      scene: 'refused',
      purpose:
        'Measures the CPU time of refused calls beside a bare node:https answer of the same bytes, and whether the audit accounts for each of them.',
      options: {
        rounds: whole('rounds, each of every kind in turn', { otherwise: 7, to: 1000 }),
        requests: whole('requests of a measured window', { otherwise: 2000, to: 1_000_000 }),
        kinds: someOf(
          refusedCalls.map(({ name }) => name),
          `of ${refusedCalls.map(({ name }) => name).join(', ')}`,
        ),
        profile: text('DIR', 'write CPU profiles there'),
      },
    },
    args,
  )
  const { rounds, requests, kinds: asked } = values
  const chosen = refusedCalls.filter(({ name }) => asked === undefined || asked.includes(name))
  const world = await makeBenchWorld(await freePort(), 64)
  try {
    const handshake = consumerContext(world.directory)
    const port = await freePort()
    const config = await thisProxyConfig(world, port, { strangerRate: { requestsPerSecond: 0.0001, burst: 1 } })
    const proxy = await startProcess('the proxy', proxyCommand(config, port, values.profile), handshake)
    // The burst of the limited consumer is spent here.
    const limited = chosen.find(({ status }) => status === 429)
    let sent = 0
    if (limited !== undefined) {
      await answerOf({ ...limited, status: 502 }, proxy.port, world.directory).catch(() => undefined)
      sent++
    }
    const answers = new Map(
      await Promise.all(
        chosen.map(async (kind) => {
          sent++
          return [kind.name, await answerOf(kind, proxy.port, world.directory)] as const
        }),
      ),
    )
    const answersFile = join(world.directory, 'answers.json')
    await writeFile(answersFile, JSON.stringify(Object.fromEntries(answers)))
    const barePort = await freePort()
    const bare = await startProcess(
      'the bare server',
      nodeCommand('refused/bare-server.ts', [world.directory, String(barePort), answersFile], barePort, values.profile),
      handshake,
    )
    const load = startLoad(world.directory)
    const machine = surroundings(world)
    const measured = new Map<string, RefusedRound[]>(chosen.map(({ name }) => [name, []]))
    for (let round = 1; round <= rounds; round++)
      for (const kind of chosen) {
        const answerBytes = Buffer.byteLength(answers.get(kind.name)?.body ?? '')
        const one = await refusedRound(kind, { proxy, bare }, load, { requests, round, answerBytes })
        sent += callsOf(kind, requests)
        measured.get(kind.name)?.push(one)
        say(`round ${round} of ${rounds}, ${kind.name}: ${one.proxy.toFixed(3)} ms, bare ${one.bare.toFixed(3)} ms`)
      }
    const log = join(world.directory, 'data', 'audit', 'bench-main')
    const recorded = () => recordedExchanges(entriesOf(log))
    await until('the audit accounts for every call', () => recorded() >= sent).catch(() => undefined)
    const accounted = recorded()
    const kinds = chosen.map(({ name, status, fresh }) => {
      const all = measured.get(name) ?? []
      const difference = spreadOf(all.map((one) => one.proxy - one.bare))
      return { name, status, fresh, proxy: spreadOf(all.map((one) => one.proxy)), bare: spreadOf(all.map((one) => one.bare)), difference }
    })
    const holds = kinds.every(({ difference }) => difference.median <= atMost) && accounted === sent
    if (values.json) console.log(JSON.stringify({ machine: machine(), rounds, requests, atMost, kinds, sent, accounted, holds }, null, 2))
    else {
      const three = (milliseconds: number) => milliseconds.toFixed(3)
      const rows = kinds.map(({ name, status, fresh, ...of }) => [
        `${name} (${status}), ${fresh ? 'new' : 'kept'} connections`,
        three(of.proxy.median),
        three(of.bare.median),
        `${three(of.difference.median)} (${three(of.difference.min)}–${three(of.difference.max)})`,
        of.difference.median <= atMost ? 'holds' : 'missed',
      ])
      console.log(
        `refused calls: CPU ms each, median of ${rounds} rounds of ${requests}; at most ${atMost} ms beyond a bare node:https answer of the same bytes\n`,
      )
      console.log(tableText([['', 'this proxy', 'bare', 'difference (least–most)', ''], ...rows]))
      console.log(`\n${sent} calls, ${accounted} in the audit, singly or as counts\n`)
      console.log(machineText(machine()))
    }
    return holds
  } finally {
    await stopProcesses()
  }
}
