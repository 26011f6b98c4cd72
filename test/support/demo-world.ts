import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDemoProvider } from '../../demo/provider/demo-provider.ts'
import { certificates, startWorld, type World, type WorldOptions } from './start-world.ts'

/** A world whose provider is the demonstration's, and the consumer's certificates as files. */
export interface DemoWorld extends World {
  /** The consumers' port as the root of a URL: `https://localhost:…`. */
  readonly root: string
  /** PEM files: the anchor, the consumer's chain, its key; and a chain and key of an authority that nobody believes. */
  readonly files: Readonly<Record<'ca' | 'chain' | 'key' | 'badChain' | 'badKey', string>>
}

/** Starts it on free ports. */
export async function startDemoWorld(options: WorldOptions = {}): Promise<DemoWorld> {
  const { provider, authority, consumer, badAuthority } = await certificates()
  const demo = await startDemoProvider({
    port: 0,
    certs: { cert: provider.chainPem, key: provider.keyPem, ca: authority.certificatePem },
    acceptFqdn: 'proxy.dev.spine2.ncrs.nhs.uk',
  })
  const world = await startWorld({ ...options, providerPort: demo.port })
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(world.directory, name)
    await writeFile(path, text, { mode: 0o600 })
    return path
  }
  return {
    ...world,
    root: `https://localhost:${world.proxy.dataPort}`,
    files: {
      ca: await file('anchor.pem', authority.certificatePem),
      chain: await file('consumer.pem', consumer.chainPem),
      key: await file('consumer.key', consumer.keyPem),
      badChain: await file('bad.pem', badAuthority.chainPem),
      badKey: await file('bad.key', badAuthority.keyPem),
    },
    async close() {
      await world.close()
      await demo.close()
    },
  }
}
