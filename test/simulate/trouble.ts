import { breakerSettings, capacitySettings } from '../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../src/forwarding/gate-rules.ts'
import type { GateState } from '../../src/forwarding/gate-state.ts'
import { createProviderCapacity } from '../../src/forwarding/provider-capacity.ts'
import type { ProviderEndpoint } from '../../src/spine/accredited-system.ts'
import { quantile } from './figures.ts'
import { gatedCall } from './gated-call.ts'
import { type Condition, providerModel } from './provider-model.ts'
import { seededRandom } from './seeded-random.ts'
import { virtualTime } from './virtual-time.ts'

/** What happens to a provider for a minute, or so long that calls to one that hangs have timed out; `flaps` is 503 and well in turns of twelve seconds, 503 the last. */
export type Trouble = Exclude<Condition, 'well'> | 'flaps'

/** How a provider's trouble went. Times in ms. */
export interface TroubleResult {
  readonly longestQueue: number
  /** Most calls at a time at the provider while it was in trouble, after the first five seconds. */
  readonly mostAtProvider: number
  /** What its circuit was when it was well again. */
  readonly circuit: string
  /** From then until it was closed, and how long that may take: what was left of the open time, and two probe periods. */
  readonly recoveredMs: number
  readonly mayTakeMs: number
  /** From when it was well again until nine of ten calls in a second were answered, in whole seconds. */
  readonly servedMs: number
  /** Calls to another provider by the same consumers: 99 of 100 are faster, before and during. */
  readonly otherBefore: number
  readonly otherDuring: number
}

const from = 60_000
const [shortMs, longMs, afterMs] = [60_000, 90_000, 120_000]
const turnMs = 12_000
const traits = { workers: 16, serviceMs: 50, spread: 0.6, slowdown: 10, timeoutMs: 60_000 }
const [load, consumers] = [0.5, 20]

/** Plays a trouble of one provider; another one, beside it behind the same node, is well. */
export async function troubleScene(trouble: Trouble, seed: number): Promise<TroubleResult> {
  const to = from + (trouble === 'hangs' ? longMs : shortMs)
  const end = to + afterMs
  const time = virtualTime()
  const giveTimersBack = time.takeTimers()
  const random = seededRandom(seed)
  const breaker = breakerSettings.parse({})
  const rules = capacityRules(capacitySettings.parse({}), breaker, 128)
  const capacity = createProviderCapacity(rules, 10_000, { waited: () => undefined, refused: () => undefined }, () => time.now)
  const providers = ['troubled', 'other'].map((host, at) => ({
    endpoint: { host } as ProviderEndpoint,
    model: providerModel(time, random.branch(at), traits),
  }))
  const troubled = providers[0] as (typeof providers)[number]
  const before: number[] = []
  const during: number[] = []
  const seconds: { asked: number; answered: number }[] = Array.from({ length: end / 1000 + 1 }, () => ({ asked: 0, answered: 0 }))
  const drawn = random.branch(5)

  function arrive(provider: (typeof providers)[number]): void {
    time.after(drawn.exponential(traits.serviceMs / (load * traits.workers)), () => {
      arrive(provider)
      const at = time.now
      const consumer = { asid: String(drawn.below(consumers)) }
      const second = seconds[Math.floor(at / 1000)] as (typeof seconds)[number]
      if (provider === troubled) second.asked++
      gatedCall(time, capacity, provider.model, { endpoint: provider.endpoint, interactionId: 'any', consumer }, ({ how, ms }) => {
        if (provider === troubled) second.answered += how === 'answered' ? 1 : 0
        else if (at < from && at > 20_000) before.push(ms)
        else if (at >= from && at < to) during.push(ms)
      })
    })
  }
  for (const one of providers) arrive(one)

  const stateOf = (): GateState | undefined => capacity.states().find(({ host }) => host === 'troubled')
  const result = { longestQueue: 0, mostAtProvider: 0, circuit: '', recoveredMs: Number.POSITIVE_INFINITY, mayTakeMs: 0 }
  const watch = setInterval(() => {
    const state = stateOf()
    result.longestQueue = Math.max(result.longestQueue, state?.waiting ?? 0)
    if (time.now > from + 5_000 && time.now < to) result.mostAtProvider = Math.max(result.mostAtProvider, troubled.model.load)
    if (time.now >= to && state?.circuit === 'closed') result.recoveredMs = Math.min(result.recoveredMs, time.now - to)
  }, 10)
  const turn = (condition: Condition): void => {
    if (time.now >= to) return
    troubled.model.condition = condition
    if (trouble === 'flaps') time.after(turnMs, () => turn(condition === 'well' ? 'answers-503' : 'well'))
  }
  time.at(from, () => turn(trouble === 'flaps' ? 'answers-503' : trouble))
  time.at(to, () => {
    troubled.model.condition = 'well'
    result.circuit = stateOf()?.circuit ?? ''
    result.mayTakeMs = (stateOf()?.opensInMs ?? 0) + 2 * breaker.probeSeconds * 1_000
  })
  await time.run(end)
  clearInterval(watch)
  capacity.close()
  giveTimersBack()
  const served = seconds.slice(to / 1000, end / 1000 - 1).findIndex(({ asked, answered }) => answered >= 0.9 * asked)
  return {
    ...result,
    servedMs: served < 0 ? Number.POSITIVE_INFINITY : served * 1_000,
    otherBefore: quantile(before, 0.99),
    otherDuring: quantile(during, 0.99),
  }
}
