import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import type { FanOutReport } from '../../src/state/lockout-fan-out.ts'
import { lockoutSettings } from '../../src/state/lockout-settings.ts'
import type { Lockouts } from '../../src/state/lockouts.ts'
import { openLockouts } from '../../src/state/open-lockouts.ts'
import { openRedisConnection } from '../../src/state/redis-connection.ts'
import { redisSettings } from '../../src/state/state-settings.ts'

/** One node of several, as far as lockouts go: its data directory, its keys, its connection. */
export interface LockoutNode {
  readonly name: string
  readonly directory: string
  /** As the last start opened them. */
  readonly lockouts: Lockouts
  /** What the fan-out has told of itself, over all starts. */
  readonly told: { everywhere: number[]; unacknowledged: string[]; refused: string[] }
  stop(): Promise<void>
  start(): Promise<void>
  /** Its values in force, of ASIDs. */
  asids(): readonly string[]
}

/** Nodes that share lockouts. */
export interface LockoutNodes {
  readonly nodes: readonly LockoutNode[]
  close(): Promise<void>
}

/** Starts one node for each port; each speaks to Redis through its own, or to the one that sentinels name. Each has a key of its own and knows those of the others, and the machine's clock where it is given none. */
export async function startLockoutNodes(
  ports: readonly number[],
  prefix: string,
  sentinels: readonly { readonly host: string; readonly port: number }[] = [],
  clocks: readonly Clock[] = [],
): Promise<LockoutNodes> {
  const keys = ports.map(() => generateKeyPairSync('ed25519'))
  const verificationKeys = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const nodes = await Promise.all(
    ports.map((port, at) => {
      const signingKey = keys[at]?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? ''
      return startNode(`node${at + 1}`, { port, prefix, sentinels }, { signingKey, verificationKeys }, clocks[at])
    }),
  )
  return {
    nodes,
    async close() {
      for (const node of nodes) {
        await node.stop()
        await rm(node.directory, { recursive: true })
      }
    },
  }
}

async function startNode(
  name: string,
  shared: { readonly port: number; readonly prefix: string; readonly sentinels: readonly object[] },
  keys: { readonly signingKey: string; readonly verificationKeys: string[] },
  clock: Clock = systemClock,
): Promise<LockoutNode> {
  const directory = await mkdtemp(join(tmpdir(), `lockouts-${name}-`))
  const told: LockoutNode['told'] = { everywhere: [], unacknowledged: [], refused: [] }
  const report: FanOutReport = {
    everywhere: (seconds) => told.everywhere.push(seconds),
    unacknowledged: (nodes) => told.unacknowledged.push(...nodes),
    refused: (why) => told.refused.push(why),
    unwritten: () => undefined,
  }
  let stop: (() => Promise<void>) | undefined
  let lockouts: Lockouts | undefined
  const settings = redisSettings.parse({ ...shared, commandTimeoutMs: 300, connectTimeoutMs: 500 })

  const node: LockoutNode = {
    name,
    directory,
    told,
    get lockouts() {
      if (lockouts === undefined) throw new Error(`${name} does not run`)
      return lockouts
    },
    async start() {
      const redis = openRedisConnection(settings, { tls: () => undefined, clock: systemClock, changed: () => undefined })
      const opened = await openLockouts(
        { ...lockoutSettings.parse({}), ...keys },
        { dataDirectory: directory, node: name, clock, redis, report },
      )
      lockouts = opened
      stop = async () => {
        await opened.close()
        await redis.close()
      }
    },
    async stop() {
      const end = stop
      stop = undefined
      await end?.()
    },
    asids: () =>
      node.lockouts.list().flatMap(({ state, selector }) => (state === 'inForce' && selector.kind === 'asid' ? [selector.value] : [])),
  }
  await node.start()
  return node
}
