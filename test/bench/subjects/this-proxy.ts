import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { interactions } from '../../../src/spine/interaction-id.ts'
import { world as cast } from '../../support/start-world.ts'
import { patience, providerHost } from '../bench-tls.ts'
import type { BenchWorld } from '../bench-world.ts'

/** So high that no run reaches it; the check itself is on. */
const unreachedRate = 1_000_000

/** One consumer alone, from one address, makes the load. */
const unreachedConnections = { maxConnections: 20_000, maxConnectionsPerAddress: 20_000, maxConnectionsPerCertificate: 20_000 }

/** The rate of the second consumer, where it is to have a limit. */
export interface StrangerRate {
  readonly requestsPerSecond: number
  readonly burst: number
}

/** What differs from scene to scene. */
export interface ThisProxyOptions {
  readonly strangerRate?: StrangerRate
  /** Processes that take calls. */
  readonly workers?: number
  /** Settings of the listener. */
  readonly listener?: Readonly<Record<string, number>>
}

/** Writes settings of this proxy with everything on, as in production: every check enforced, audit on disk, metrics, revocation lists, operators' port. */
export async function thisProxyConfig(
  world: BenchWorld,
  port: number,
  { strangerRate, workers = 1, listener = {} }: ThisProxyOptions = {},
): Promise<string> {
  const write = async (name: string, content: unknown) => {
    const path = join(world.directory, name)
    await writeFile(path, JSON.stringify(content))
    return path
  }
  const rules = [cast.consumer, cast.stranger].map(({ asid }, at) => ({
    ...{ reference: `BENCH-${at + 1}`, effect: 'allow', from: { asid } },
    ...{ to: '*', interactions: ['*'] },
  }))
  const server = { certificate: world.file('server.pem'), key: world.file('server.key') }
  return write('this-proxy.yaml', {
    dataDirectory: 'data',
    environment: 'benchmark',
    workers,
    listener: { host: '127.0.0.1', port, ...server, ...unreachedConnections, idleTimeoutSeconds: patience.idleSeconds, ...listener },
    operators: { port: 0, ...server, anchors: [world.file('operators-ca.pem')], roles: [{ commonName: 'operator', role: 'operator' }] },
    trust: { anchors: [world.file('ca.pem')], intermediates: [world.file('intermediate.pem')], crls: [world.file('crl.pem')] },
    registry: { files: [await write('registry.yaml', registry())], sharingRules: await write('sharing.yaml', { rules }) },
    checks: {
      throttle: {
        requestsPerSecond: unreachedRate,
        burst: unreachedRate,
        concurrent: unreachedRate,
        ...(strangerRate !== undefined && { perSystem: { [cast.stranger.asid]: strangerRate } }),
      },
    },
    forwarding: {
      certificate: world.file('client.pem'),
      key: world.file('client.key'),
      connectionsPerProvider: world.providerConnections,
      connectTimeoutSeconds: patience.connectSeconds,
      tlsTimeoutSeconds: patience.connectSeconds,
      // One consumer alone makes the load, and has as many calls at the provider as the other subjects let it: how it shares with others, and what is
      // refused for want of room, is measured elsewhere.
      capacity: {
        initialLimit: world.providerConnections,
        minimumLimit: world.providerConnections,
        queueLength: Math.max(256, world.providerConnections),
        queueSeconds: patience.connectSeconds,
      },
      dialOverrides: { [`${providerHost}:443`]: `127.0.0.1:${world.providerPort}` },
    },
    audit: { node: 'bench' },
    logging: { level: 'info', format: 'json' },
  })
}

/** Two consumers and the provider, each with every interaction that is known. */
function registry(): unknown {
  const { consumer, stranger, provider, root } = cast
  const known = [...interactions.keys()]
  const holder = ({ asid, odsCode, partyKey }: typeof consumer | typeof stranger | typeof provider) => ({
    asid,
    odsCode,
    partyKey,
    interactions: known,
  })
  const shared = { odsCode: provider.odsCode, partyKey: provider.partyKey, fqdn: provider.fqdn }
  const documents = known.filter((id) => id.includes(':documents:'))
  return {
    systems: [holder(consumer), holder(stranger), holder(provider)],
    endpoints: [
      ...[consumer, stranger].map(({ odsCode, partyKey, fqdn }, at) => ({ cpaId: `S10000000000${at + 1}`, odsCode, partyKey, fqdn })),
      { cpaId: 'S900000000001', ...shared, url: root, interactions: known.filter((id) => !documents.includes(id)) },
      { cpaId: 'S900000000002', ...shared, url: `${root}/documents`, interactions: documents },
    ],
  }
}
