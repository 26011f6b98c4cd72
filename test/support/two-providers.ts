import type { Call } from './consumer.ts'
import { type FakeProvider, startFakeProvider } from './fake-provider.ts'
import { type FurtherProvider, furtherProvider } from './further-providers.ts'
import { certificates, startWorld, type World, type WorldOptions, world } from './start-world.ts'

/** A world with a second provider at a host of its own, and in which the stranger may call as the consumer may. */
export interface TwoProviders {
  readonly here: World
  readonly second: FakeProvider
  readonly secondHost: string
  /** A call of the stranger. */
  readonly asStranger: Call
  /** What makes a call one to the second provider. */
  readonly toSecond: Call
  close(): Promise<void>
}

/** Starts it. */
export async function startTwoProviders(settings: WorldOptions['settings']): Promise<TwoProviders> {
  const all = await certificates()
  const records: FurtherProvider = furtherProvider('second', 7)
  const issued = await all.intermediate.issue({ cn: records.host, dnsNames: [records.host], usages: ['serverAuth'] })
  const second = await startFakeProvider({ cert: issued.chainPem, key: issued.keyPem, ca: all.authority.certificatePem })
  const here = await startWorld({
    settings: { checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000 } }, ...settings },
    systems: [records.system],
    endpoints: [records.endpoint],
    dialOverrides: { [`${records.host}:443`]: `127.0.0.1:${second.port}` },
    sharingRules: [{ reference: 'TEST-1', effect: 'allow', from: '*', to: '*', interactions: ['*'] }],
  })
  return {
    here,
    second,
    secondHost: records.host,
    asStranger: { as: all.stranger, headers: { 'Ssp-From': world.stranger.asid } },
    toSecond: { url: `${records.root}/Patient?identifier=x`, headers: { 'Ssp-To': records.asid } },
    async close() {
      await here.close()
      await second.close()
    },
  }
}
