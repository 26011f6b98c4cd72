import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { callControl } from '../../src/ops/control-client.ts'
import { everyRefusalRecorded } from './expect-refusal.ts'
import type { WorldOptions } from './start-world.ts'
import { startWorldProcess, type WorldProcess } from './start-world-process.ts'

/** One proxy of several, in a process of its own with ports, files and a provider of its own. */
export interface ClusterNode extends WorldProcess {
  readonly name: string
  /** Asks its operators' leg, over its control socket. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
}

/** How nodes of a cluster are started. */
export interface ClusterOptions extends WorldOptions {
  /** The port through which each node reaches Redis. */
  readonly redisPorts: readonly number[]
}

/** Starts as many proxies as there are ports, one after the other. Each signs with its own key and knows those of the others. */
export async function startCluster({ redisPorts, settings = {}, ...options }: ClusterOptions): Promise<readonly ClusterNode[]> {
  const keys = redisPorts.map(() => generateKeyPairSync('ed25519'))
  const verificationKeys = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const nodes: ClusterNode[] = []
  for (const [at, port] of redisPorts.entries()) {
    const signingKey = keys[at]?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const name = `node${at + 1}`
    const here = await startWorldProcess({
      ...options,
      settings: {
        ...settings,
        audit: { ...everyRefusalRecorded.audit, ...settings['audit'], node: name },
        state: { kind: 'redis', redis: { port } },
        lockouts: { ...settings['lockouts'], signingKey, verificationKeys },
      },
    })
    const socket = join(here.directory, 'data', 'ssp.sock')
    nodes.push(
      Object.assign(here, {
        name,
        control: (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => callControl(socket, method, path, body),
      }),
    )
  }
  return nodes
}
