// `npm run lockout-fan-out`: how long a lockout takes to every node. See its usage below.
import { availableParallelism, loadavg } from 'node:os'
import { notInstalled, readOptions } from '../support/command-line.ts'
import { lockoutFanOutScene, timeOfShare } from '../support/lockout-fan-out-scene.ts'
import { whole } from '../support/option-kinds.ts'
import { findProgram } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { type ClusterNode, startCluster } from '../support/start-cluster.ts'

/** What 99 of 100 lockouts may take to every node, in ms. */
const atMost = 1_000

const { values } = readOptions({
  command: 'npm run lockout-fan-out --',
  purpose:
    'Starts three proxies in processes of their own and a Redis, puts load on each, and tells how long a lockout takes until it is in force on all of them, as a caller\n' +
    'sees it, and until all have acknowledged it.',
  options: {
    lockouts: whole('lockouts, each made and released', { otherwise: 200, to: 1_000_000 }),
    connections: whole('connections to a node that make the load, each as fast as it is answered', { otherwise: 4, to: 1000 }),
  },
  exits: { 0: `99 of 100 were in force everywhere within ${atMost} ms`, 1: 'they were not', 69: 'redis-server is not installed' },
})
const { lockouts, connections } = values

async function main(): Promise<boolean> {
  const program = findProgram('redis-server')
  if (program === undefined) notInstalled('redis-server')
  const redis = await startRedisServer(program)
  const throttle = { mode: 'observe' }
  const nodes = await startCluster({ redisPorts: [redis.port, redis.port, redis.port], settings: { checks: { throttle } } })
  const { effects, releases, served, failed, seconds } = await lockoutFanOutScene(nodes, { lockouts, connections, restMs: 0 })
  const drill = (await (nodes[0] as ClusterNode).control('POST', '/lockouts/drill')).body as {
    nodes: { node: string; milliseconds?: number }[]
  }
  const pages = await Promise.all(nodes.map((node) => node.page('/metrics')))
  const holds = timeOfShare(effects, 0.99) <= atMost
  process.stdout.write(
    [
      `${lockouts} lockouts, told to three nodes in turn; ${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)}`,
      `load meanwhile: ${Math.round(served / seconds)} calls a second over ${nodes.length * connections} connections, ${failed} failed`,
      line('in force on every node, as a caller sees it', effects),
      line('released on every node, as a caller sees it ', releases),
      `drill, idle: ${drill.nodes.map(({ node, milliseconds }) => `${node} ${milliseconds?.toFixed(1) ?? 'no answer'} ms`).join(', ')}`,
      ...pages.map(({ body }, at) => {
        const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1] ?? Number.NaN)
        const count = value('ssp_lockout_everywhere_seconds_count')
        const mean = (1000 * value('ssp_lockout_everywhere_seconds_sum')) / count
        return `node${at + 1}: ${count} changes acknowledged by all, on disk, after ${mean.toFixed(1)} ms in the mean`
      }),
      `99 of 100 in force everywhere within ${atMost} ms: ${holds ? 'holds' : 'missed'}`,
      '',
    ].join('\n'),
  )
  for (const node of nodes) await node.close()
  await redis.close()
  return holds
}

function line(name: string, times: readonly number[]): string {
  const ranks = [0.5, 0.9, 0.99].map((share) => `p${share * 100} ${timeOfShare(times, share).toFixed(1)} ms`)
  return `${name}: ${ranks.join(', ')}, max ${Math.max(...times).toFixed(1)} ms`
}

process.exitCode = (await main()) ? 0 : 1
