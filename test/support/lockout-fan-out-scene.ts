import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { dialledBy, honestHeaders } from './consumer.ts'
import type { ClusterNode } from './start-cluster.ts'
import { world } from './start-world.ts'

/** How lockouts are timed. */
export interface FanOutPlan {
  /** Each is made on one node, awaited on all, released on the same and awaited again. */
  readonly lockouts: number
  /** Connections to each node on which a consumer that nobody locks out goes on calling. */
  readonly connections: number
  /** What each of those waits between two calls, in ms; 0: it asks as fast as it is answered. */
  readonly restMs: number
}

/** What came of it. Times in ms, from when the operator asks. */
export interface FanOutTimes {
  /** Until the party is refused on every node, as it sees it itself. */
  readonly effects: readonly number[]
  /** Until it is let through again on every node. */
  readonly releases: readonly number[]
  /** Calls of the load: those that were answered by the provider, and all others. */
  readonly served: number
  readonly failed: number
  readonly seconds: number
}

/** Times lockouts on nodes that are under load. */
export async function lockoutFanOutScene(nodes: readonly ClusterNode[], plan: FanOutPlan): Promise<FanOutTimes> {
  let running = true
  let served = 0
  let failed = 0
  const loads = nodes.flatMap((node) => Array.from({ length: plan.connections }, () => callerOf(node, 'consumer')))
  const loaded = loads.map(async ({ call }) => {
    while (running) {
      if ((await call().catch(() => 'failed')) === 'provider-exchange') served++
      else failed++
      if (plan.restMs > 0) await pause(plan.restMs)
    }
  })
  const probes = nodes.map((node) => callerOf(node, 'stranger'))
  const everywhere = async (wanted: (rule: string) => boolean, from: number): Promise<number> =>
    Math.max(...(await Promise.all(probes.map(({ call }) => untilRule(call, wanted, from)))))
  const effects: number[] = []
  const releases: number[] = []
  const began = performance.now()
  for (let at = 0; at < plan.lockouts; at++) {
    const node = nodes[at % nodes.length] as ClusterNode
    const from = performance.now()
    const made = node.control('POST', '/lockouts', { asid: world.stranger.asid, reason: 'fan-out' })
    effects.push(await everywhere((rule) => rule === 'lockout', from))
    const { id } = (await made).body as { id: string }
    const releasedFrom = performance.now()
    const released = node.control('DELETE', `/lockouts/${id}`)
    releases.push(await everywhere((rule) => rule !== 'lockout' && rule !== 'cut', releasedFrom))
    await released
  }
  const seconds = (performance.now() - began) / 1000
  running = false
  await Promise.all(loaded)
  for (const { end } of [...loads, ...probes]) end()
  return { effects, releases, served, failed, seconds }
}

async function untilRule(call: () => Promise<string>, wanted: (rule: string) => boolean, from: number): Promise<number> {
  while (!wanted(await call().catch(() => 'cut'))) if (performance.now() - from > 30_000) throw new Error('no effect within 30 s')
  return performance.now() - from
}

/** One caller's connection to one node; a call gives the rule of its verdict. */
function callerOf(node: ClusterNode, who: 'consumer' | 'stranger'): { readonly call: () => Promise<string>; readonly end: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    end: () => agent.destroy(),
    async call() {
      const sent = request({
        ...dialledBy(node, node.certificates[who]),
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

/** The smallest of the times that so large a share of them does not exceed. */
export function timeOfShare(times: readonly number[], share: number): number {
  const order = times.toSorted((a, b) => a - b)
  return order[Math.min(order.length - 1, Math.ceil(order.length * share) - 1)] ?? Number.NaN
}
