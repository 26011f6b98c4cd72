// `npm run lockout-fan-out`: how long a lockout takes to every node. See its usage below.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { availableParallelism, loadavg } from 'node:os'
import { notInstalled, readOptions } from '../support/command-line.ts'
import { honestHeaders } from '../support/consumer.ts'
import { whole } from '../support/option-kinds.ts'
import { findProgram } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { type ClusterNode, startCluster } from '../support/start-cluster.ts'
import { world } from '../support/start-world.ts'

const { values } = readOptions({
  command: 'npm run lockout-fan-out --',
  purpose:
    'Starts three proxies in processes of their own and a Redis, puts load on each, and tells how long a lockout takes until it is in force on all of them, as a caller\n' +
    'sees it, and until all have acknowledged it.',
  options: {
    lockouts: whole('lockouts, each made and released', { otherwise: 200, to: 1_000_000 }),
    connections: whole('connections to a node that make the load', { otherwise: 4, to: 1000 }),
  },
  exits: { 0: 'it was measured', 69: 'redis-server is not installed' },
})
const { lockouts, connections } = values

function rank(times: readonly number[], share: number): number {
  const order = times.toSorted((a, b) => a - b)
  return order[Math.min(order.length - 1, Math.ceil(order.length * share) - 1)] ?? Number.NaN
}

/** One caller's connection to one node. */
function callerOf(node: ClusterNode, who: 'consumer' | 'stranger'): { readonly call: () => Promise<string>; readonly end: () => void } {
  const { certificates, proxy } = node
  const as = certificates[who]
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    end: () => agent.destroy(),
    async call() {
      const sent = request({
        host: '127.0.0.1',
        port: proxy.dataPort,
        servername: 'localhost',
        ca: certificates.authority.certificatePem,
        cert: as.chainPem,
        key: as.keyPem,
        agent,
        path: `/${world.root}/Patient?identifier=x`,
        headers: { ...honestHeaders(world.searchPatient), 'Ssp-From': world[who].asid },
      })
      sent.end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
      return /rule="([^"]*)"/.exec(String(response.headers['ssp-verdict']))?.[1] ?? ''
    },
  }
}

async function main(): Promise<void> {
  const program = findProgram('redis-server')
  if (program === undefined) notInstalled('redis-server')
  const redis = await startRedisServer(program)
  const throttle = { mode: 'observe' }
  const nodes = await startCluster({ redisPorts: [redis.port, redis.port, redis.port], settings: { checks: { throttle } } })
  let running = true
  let calls = 0
  let failed = 0
  const loads = nodes.flatMap((node) => Array.from({ length: connections }, () => callerOf(node, 'consumer')))
  const loaded = loads.map(async ({ call }) => {
    while (running) {
      if ((await call().catch(() => 'failed')) === 'provider-exchange') calls++
      else failed++
    }
  })
  const probes = nodes.map((node) => callerOf(node, 'stranger'))
  const untilRule = async (call: () => Promise<string>, wanted: (rule: string) => boolean, from: number): Promise<number> => {
    while (!wanted(await call().catch(() => 'cut'))) if (performance.now() - from > 30_000) throw new Error('no effect within 30 s')
    return performance.now() - from
  }
  const effects: number[] = []
  const releases: number[] = []
  const began = performance.now()
  for (let at = 0; at < lockouts; at++) {
    const node = nodes[at % nodes.length] as ClusterNode
    const from = performance.now()
    const made = node.control('POST', '/lockouts', { asid: world.stranger.asid, reason: 'bench' })
    effects.push(Math.max(...(await Promise.all(probes.map(({ call }) => untilRule(call, (rule) => rule === 'lockout', from))))))
    const { id } = (await made).body as { id: string }
    const releasedFrom = performance.now()
    const released = node.control('DELETE', `/lockouts/${id}`)
    const open = (rule: string): boolean => rule !== 'lockout' && rule !== 'cut'
    releases.push(Math.max(...(await Promise.all(probes.map(({ call }) => untilRule(call, open, releasedFrom))))))
    await released
  }
  const seconds = (performance.now() - began) / 1000
  running = false
  await Promise.all(loaded)
  const drill = (await (nodes[0] as ClusterNode).control('POST', '/lockouts/drill')).body as {
    nodes: { node: string; milliseconds?: number }[]
  }
  const pages = await Promise.all(nodes.map((node) => node.page('/metrics')))
  const line = (name: string, times: readonly number[]): string =>
    `${name}: p50 ${rank(times, 0.5).toFixed(1)} ms, p90 ${rank(times, 0.9).toFixed(1)} ms, p99 ${rank(times, 0.99).toFixed(1)} ms, max ${Math.max(...times).toFixed(1)} ms`
  process.stdout.write(
    [
      `${lockouts} lockouts, told to three nodes in turn; ${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}`,
      `load meanwhile: ${Math.round(calls / seconds)} calls a second over ${loads.length} connections, ${failed} failed`,
      line('in force on every node, as a caller sees it', effects),
      line('released on every node, as a caller sees it ', releases),
      `drill, idle: ${drill.nodes.map(({ node, milliseconds }) => `${node} ${milliseconds?.toFixed(1) ?? 'no answer'} ms`).join(', ')}`,
      ...pages.map(({ body }, at) => {
        const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1] ?? Number.NaN)
        const count = value('ssp_lockout_everywhere_seconds_count')
        const mean = (1000 * value('ssp_lockout_everywhere_seconds_sum')) / count
        return `node${at + 1}: ${count} changes acknowledged by all, on disk, after ${mean.toFixed(1)} ms in the mean`
      }),
      '',
    ].join('\n'),
  )
  for (const { end } of [...loads, ...probes]) end()
  for (const node of nodes) await node.close()
  await redis.close()
}

await main()
