import { breakerSettings, capacitySettings } from '../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../src/forwarding/gate-rules.ts'
import { createProviderCapacity } from '../../src/forwarding/provider-capacity.ts'
import type { ProviderEndpoint } from '../../src/spine/accredited-system.ts'
import { jainIndex, quantile } from './figures.ts'
import { gatedCall } from './gated-call.ts'
import { providerModel } from './provider-model.ts'
import { seededRandom } from './seeded-random.ts'
import { virtualTime } from './virtual-time.ts'

/** One provider behind one node, called by so many consumers alike, and what one of them does. */
export interface FairnessScene {
  readonly workers: number
  readonly serviceMs: number
  readonly spread: number
  /** The share of the provider that the others use. */
  readonly load: number
  /** How many times its share one more consumer sends, from `from` s on; 0: there is none. */
  readonly abuse: number
  readonly from: number
  readonly seconds: number
  readonly seed: number
}

/** What the others felt in the last two thirds. */
export interface FairnessResult {
  readonly p50: number
  readonly p99: number
  readonly calls: number
  /** Calls of the others that were not answered. */
  readonly lost: number
  /** Jain's index over the others' answered calls beside what they asked for. */
  readonly fairness: number
  /** Others that asked and of whom less than nine tenths were answered. */
  readonly starved: number
  readonly abuserServed: number
  readonly abuserSent: number
  readonly longestQueue: number
  /** Calls at a time at the provider, in the mean. */
  readonly atProvider: number
}

const others = 20

/** Plays a scene by the row 15 of the defaults; row 14 is left out, which makes it harder. */
export async function fairness(scene: FairnessScene): Promise<FairnessResult> {
  const { workers, serviceMs, spread, load, abuse, seconds, seed } = scene
  const time = virtualTime()
  const giveTimersBack = time.takeTimers()
  const random = seededRandom(seed)
  const [service, arrivals, whoever, abuser] = [random.branch(1), random.branch(2), random.branch(3), random.branch(4)]
  const rules = capacityRules(capacitySettings.parse({}), breakerSettings.parse({}), 128)
  const capacity = createProviderCapacity(rules, 10_000, { waited: () => undefined, refused: () => undefined }, () => time.now)
  const provider = providerModel(time, service, { workers, serviceMs, spread, slowdown: 10, timeoutMs: 60_000 })
  const endpoint = { host: 'provider' } as ProviderEndpoint
  const measuredFrom = (seconds * 1000) / 3
  const times: number[] = []
  const asked = new Array<number>(others).fill(0)
  const answered = new Array<number>(others).fill(0)
  let [lost, abuserServed, abuserSent, longestQueue, looks, loads] = [0, 0, 0, 0, 0, 0]
  const meanGap = serviceMs / (load * workers)

  function nextOther(): void {
    time.after(arrivals.exponential(meanGap), () => {
      nextOther()
      const who = whoever.below(others)
      const counts = time.now >= measuredFrom
      if (counts) asked[who] = (asked[who] ?? 0) + 1
      gatedCall(time, capacity, provider, callOf(endpoint, String(who)), ({ how, ms }) => {
        if (!counts) return
        if (how !== 'answered') lost++
        else {
          times.push(ms)
          answered[who] = (answered[who] ?? 0) + 1
        }
      })
    })
  }

  function nextOfAbuser(): void {
    time.after(abuser.exponential((meanGap * others) / abuse), () => {
      nextOfAbuser()
      abuserSent++
      gatedCall(time, capacity, provider, callOf(endpoint, 'abuser'), ({ how }) => {
        if (how === 'answered') abuserServed++
      })
    })
  }

  nextOther()
  if (abuse > 0) time.at(scene.from * 1000, nextOfAbuser)
  const watch = setInterval(() => {
    looks++
    loads += provider.load
    longestQueue = Math.max(longestQueue, capacity.states()[0]?.waiting ?? 0)
  }, 100)
  await time.run(seconds * 1000)
  clearInterval(watch)
  giveTimersBack()
  const kept = asked.map((count, at) => (count === 0 ? 1 : (answered[at] ?? 0) / count))
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    calls: times.length,
    lost,
    fairness: jainIndex(kept),
    // Those that are still under way at the end are no starvation.
    starved: kept.filter((one) => one < 0.9).length,
    abuserServed,
    abuserSent,
    longestQueue,
    atProvider: loads / looks,
  }
}

function callOf(endpoint: ProviderEndpoint, asid: string) {
  return { endpoint, interactionId: 'any', consumer: { asid } }
}
