import { throttle } from '../../src/checks/throttle.ts'
import { breakerSettings, capacitySettings } from '../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../src/forwarding/gate-rules.ts'
import { createProviderCapacity, type ProviderCapacity } from '../../src/forwarding/provider-capacity.ts'
import { createAllowances } from '../../src/protection/allowances.ts'
import { createLeasing } from '../../src/protection/leasing.ts'
import { throttleSettings } from '../../src/protection/throttle-settings.ts'
import { interactions } from '../../src/spine/interaction-id.ts'
import { type Population, population } from './population.ts'
import { type Condition, type ProviderModel, providerModel } from './provider-model.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { type BucketStore, bucketStore } from './shared-buckets-model.ts'
import { type VirtualTime, virtualTime } from './virtual-time.ts'

/** How large the country is. */
export interface NationSize {
  readonly nodes: number
  readonly consumers: number
  readonly providers: number
  /** Calls a second at the busiest hour. */
  readonly peakPerSecond: number
  readonly seed: number
}

/** A consumer, its limit and the nodes on which it has connections. */
export interface Consumer {
  readonly asid: string
  /** Calls a second at the busiest hour. */
  readonly perSecond: number
  readonly limit: { readonly perSecond: number; readonly burst: number }
  nodes: Uint16Array
}

/** A provider. */
export interface Provider {
  readonly model: ProviderModel
  readonly endpoint: Evidence['endpoint']
  readonly evidence: Pick<Evidence, 'provider' | 'endpoint'>
  /** What is the matter with it all day. */
  readonly trouble: Condition | 'flaps'
}

/** One proxy: rows 14 and 15. */
export interface NationNode {
  readonly decide: ReturnType<typeof throttle.create>
  readonly capacity: ProviderCapacity
}

/** A country at virtual time. */
export interface Nation {
  readonly size: NationSize
  readonly time: VirtualTime
  readonly people: Population
  readonly consumers: readonly Consumer[]
  readonly providers: readonly Provider[]
  readonly nodes: readonly NationNode[]
  readonly store: BucketStore
  readonly random: SeededRandom
  /** Everybody connects anew, to nodes by chance. */
  reconnect(): void
  close(): void
}

export type Evidence = Parameters<ReturnType<typeof throttle.create>>[0]

/** The share of providers with each kind of trouble. */
export const troubled = { slow: 0.01, flaps: 0.005, hangs: 0.005, 'answers-503': 0.005 } as const
/** A consumer's limit is at least so many times what it sends at the busiest hour. */
export const limitOverPeak = 2.5
/** Calls a second that one connection carries before a consumer opens another; no fewer than `fewest` connections each. */
export const connections = { perSecond: 2, fewest: 2 } as const
/** What providers are like. */
export const providerTraits = { meanMs: 120, serviceSpread: 0.6, fewestWorkers: 4, workersSpread: 0.5, meanWorkers: 12 } as const

/** Builds it: every node with the code and the default settings of the proxy. Timers must be on its time already. */
export function nation(size: NationSize, time = virtualTime()): Nation {
  const random = seededRandom(size.seed)
  const people = population(size.consumers, size.providers, size.seed)
  const usual = throttleSettings.parse({})
  const consumers = Array.from({ length: size.consumers }, (_, at): Consumer => {
    const perSecond = (people.shareOf[at] as number) * size.peakPerSecond
    const limit = Math.max(usual.requestsPerSecond, Math.ceil(perSecond * limitOverPeak))
    return {
      asid: String(200_000_000_000 + at),
      perSecond,
      limit: { perSecond: limit, burst: limit === usual.requestsPerSecond ? usual.burst : 2 * limit },
      nodes: new Uint16Array(0),
    }
  })
  const own = consumers.filter(({ limit }) => limit.perSecond > usual.requestsPerSecond)
  const settings = throttleSettings.parse({
    perSystem: Object.fromEntries(
      own.map(({ asid, limit }) => [
        asid,
        { requestsPerSecond: limit.perSecond, burst: limit.burst, concurrent: Math.max(usual.concurrent, limit.perSecond * 4) },
      ]),
    ),
  })
  const rules = capacityRules(capacitySettings.parse({}), breakerSettings.parse({}), 128)
  const store = bucketStore(time, random.branch(10))
  const clock = { now: () => Date.UTC(2026, 10, 26, 7) + Math.floor(time.now), elapsed: () => time.now }
  const nodes = Array.from({ length: size.nodes }, (): NationNode => {
    const leasing = createLeasing(store.seenBy(size.nodes), clock.elapsed)
    setInterval(leasing.tick, 1_000)
    return {
      decide: throttle.create({ settings: { throttle: settings }, allowances: createAllowances(clock.elapsed, leasing), clock }),
      capacity: createProviderCapacity(rules, 10_000, { waited: () => undefined, refused: () => undefined }, clock.elapsed),
    }
  })
  const traits = random.branch(11)
  const providers = Array.from({ length: size.providers }, (_, at): Provider => {
    const drawn = random.branch(1_000 + at)
    const model = providerModel(time, drawn, {
      workers: Math.max(
        providerTraits.fewestWorkers,
        Math.round(traits.logNormal(providerTraits.meanWorkers, providerTraits.workersSpread)),
      ),
      serviceMs: traits.logNormal(providerTraits.meanMs, 0.5),
      spread: providerTraits.serviceSpread,
      slowdown: 10,
      timeoutMs: 60_000,
    })
    const endpoint = { host: `p${at}.example.nhs.uk`, odsCode: `P${at}` } as Evidence['endpoint']
    const provider = { asid: String(900_000_000_000 + at), odsCode: `P${at}` } as Evidence['provider']
    return { model, endpoint, evidence: { provider, endpoint }, trouble: troubleOf(traits.next()) }
  })
  return {
    ...{ size, time, people, consumers, providers, nodes, store, random },
    reconnect() {
      for (const consumer of consumers) {
        const count = Math.min(size.nodes, Math.max(connections.fewest, Math.ceil(consumer.perSecond / connections.perSecond)))
        consumer.nodes = Uint16Array.from({ length: count }, () => random.below(size.nodes))
      }
    },
    close() {
      for (const { capacity } of nodes) capacity.close()
    },
  }
}

/** An interaction by chance, as its name. */
export function anyInteraction(random: SeededRandom): string {
  return names[random.below(names.length)] as string
}

const names = [...interactions.keys()]

function troubleOf(chance: number): Condition | 'flaps' {
  let upTo = 0
  for (const [trouble, share] of Object.entries(troubled)) {
    upTo += share
    if (chance < upTo) return trouble as Condition | 'flaps'
  }
  return 'well'
}
