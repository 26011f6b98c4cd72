import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { wholes } from '../../support/option-kinds.ts'
import { memoryOf } from '../../support/start-world-process.ts'
import { type BenchScene, inBenchScene, readSceneOptions } from '../bench-scene.ts'
import { nodeCommand, proxyCommand } from '../node-command.ts'
import type { OwnedProcess } from '../owned-processes.ts'
import { kindHeader } from '../refused/refused-calls.ts'
import { throughTarget } from '../scenario-target.ts'
import { type Scenario, scenarios } from '../scenarios.ts'
import { thisProxyConfig } from '../subjects/this-proxy.ts'
import { machineText } from '../surroundings.ts'
import { tableText } from '../table-text.ts'

const mebibyte = 1_048_576
/** What this proxy may use more than a bare `node:https` server with as many connections: bytes. */
const allowed = 80 * mebibyte
const settleMs = 3_000
/** Longer than a run takes: nobody is closed for being idle. */
const idleSeconds = 3_600

/**
 * `npm run bench -- idle`: memory with so many connections that have asked once and then wait, beside a bare
 * `node:https` server. Resident bytes of the whole process. Resolves with whether what is promised holds.
 */
export async function benchIdle(args: readonly string[], say: (text: string) => void): Promise<boolean> {
  const values = readSceneOptions(
    {
      scene: 'idle',
      purpose:
        'Measures the memory of this proxy with so many connections that have asked once and then wait, beside a bare node:https server: resident bytes.',
      options: {
        connections: wholes('how many, one after the other', [1000, 5000], 10_000),
      },
    },
    args,
  )
  const counts = values.connections
  const scenario = scenarios[0] as Scenario
  const rows: { readonly connections: number; readonly proxy: number; readonly bare: number }[] = []
  await asCompiled(scenario)
  const machine = await inBenchScene(64, async (scene) => {
    rows.push({
      connections: 0,
      proxy: await memoryWith(0, await startProxy(scene), scenario, scene),
      bare: await memoryWith(0, await startBare(scene, scenario), scenario, scene),
    })
    return scene.machine()
  })
  // Each count has processes of its own: memory that one was given is seldom given back.
  for (const connections of counts)
    await inBenchScene(64, async (scene) => {
      const proxy = await memoryWith(connections, await startProxy(scene), scenario, scene)
      const bare = await memoryWith(connections, await startBare(scene, scenario), scenario, scene)
      rows.push({ connections, proxy, bare })
      say(`${connections} connections: ${mebibytes(proxy)} MiB, bare ${mebibytes(bare)} MiB`)
    })
  const holds = rows.every(({ proxy, bare }) => proxy <= bare + allowed)
  if (values.json) console.log(JSON.stringify({ machine, allowed, rows, holds }, null, 2))
  else {
    const lines = rows.map(({ connections, proxy, bare }) => [
      String(connections),
      ...[mebibytes(proxy), mebibytes(bare), mebibytes(proxy - bare)],
      proxy <= bare + allowed ? 'holds' : 'missed',
    ])
    console.log(`resident memory with idle connections, MiB; at most ${mebibytes(allowed)} more than a bare node:https server\n`)
    console.log(tableText([['connections', 'this proxy', 'bare', 'difference', ''], ...lines]))
    console.log(`\n${machineText(machine)}`)
  }
  return holds
}

/** Node's compiler of TypeScript would stay in the memory of the bare server: it runs once, and what it compiled is taken from a folder from then on. */
async function asCompiled(scenario: Scenario): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ssp-bench-compiled-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.env['NODE_COMPILE_CACHE'] = folder
  await inBenchScene(64, (scene) => startBare(scene, scenario))
}

async function memoryWith(connections: number, { pid, port }: OwnedProcess, scenario: Scenario, { load }: BenchScene): Promise<number> {
  const { request, ...target } = throughTarget(scenario, port)
  const [before, after] = request
  await load.aim({ ...target, request: [before.replace('\r\n', `\r\n${kindHeader}: idle\r\n`), after] })
  if (connections > 0) await load.hold(connections)
  await pause(settleMs)
  const { now } = await memoryOf(pid)
  await load.close()
  return now
}

async function startProxy({ world, start }: BenchScene): Promise<OwnedProcess> {
  return start('the proxy', async (port) => {
    const config = await thisProxyConfig(world, port, { listener: { idleTimeoutSeconds: idleSeconds } })
    return proxyCommand(config, port)
  })
}

async function startBare({ world, start }: BenchScene, { answerBytes }: Scenario): Promise<OwnedProcess> {
  const answers = join(world.directory, 'idle-answers.json')
  const body = 'x'.repeat(answerBytes)
  const answer = {
    status: 200,
    reason: 'OK',
    headers: ['Content-Type', 'application/fhir+json', 'Content-Length', String(answerBytes)],
    body,
  }
  await writeFile(answers, JSON.stringify({ idle: answer }))
  return start('the bare server', (port) =>
    nodeCommand('refused/bare-server.ts', [world.directory, String(port), answers, String(idleSeconds)], port),
  )
}

function mebibytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(0)
}
