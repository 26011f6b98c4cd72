import { breakerSettings, capacitySettings } from '../../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../../src/forwarding/gate-rules.ts'
import { type CapacityCall, type CapacityPlace, createProviderCapacity } from '../../../src/forwarding/provider-capacity.ts'
import type { GateSample } from '../../../src/protection/gate-call.ts'
import { isRefusal, type Refusal } from '../../../src/spine/refusal.ts'
import type { Spread } from '../statistics.ts'
import { calls, microseconds } from './measured.ts'
import { consumers, drawn, interactionNames, type PartyMix, providers } from './party-mix.ts'

const nobody = { waited: () => undefined, refused: () => undefined }
const sink = { listener: undefined }

function capacity(connections: number) {
  const settings = capacitySettings.parse({ initialLimit: connections, minimumLimit: 4 })
  const rules = capacityRules(settings, breakerSettings.parse({}), connections)
  return createProviderCapacity(rules, 10_000, nobody, () => performance.now())
}

function callOf(consumer: number, provider: number, nth: number): CapacityCall {
  return {
    endpoint: (providers[provider] as (typeof providers)[number]).endpoint as unknown as CapacityCall['endpoint'],
    interactionId: interactionNames[nth % interactionNames.length] as string,
    consumer: (consumers[consumer] as (typeof consumers)[number]).consumer,
  }
}

/** How a call went: most are answered as fast as ever. Made anew each time, as it is on the path. */
function sampleOf(nth: number): GateSample {
  return { kind: 'answered', latencyMs: 20 + (nth & 31), pushback: false, failed: false, retryAt: 0 }
}

/** What row 15 costs a call that need not wait: the gate is found, entered, and left with a sample. */
export async function costOfRow15(mix: PartyMix, underWay: number, runs: number): Promise<Spread> {
  const gates = capacity(128)
  const held: (CapacityPlace | undefined)[] = new Array(underWay).fill(undefined)
  const drawnCall = (nth: number): CapacityCall =>
    callOf(mix.consumer[nth & (drawn - 1)] as number, mix.provider[nth & (drawn - 1)] as number, nth)
  const run = (): void => {
    for (let i = 0; i < calls; i++) {
      const place = gates.reserve(drawnCall(i), sink)
      if (place instanceof Promise || isRefusal(place)) throw new Error('a call was not let through at once')
      const before = held[i % underWay]
      if (before !== undefined) gates.leave(before, sampleOf(i))
      held[i % underWay] = place
    }
  }
  const spread = await microseconds(run, drawnCall, runs)
  gates.close()
  return spread
}

/** The same where each call waits first: all the places of one provider are taken, a hundred consumers wait, and each call that ends lets the next begin. */
export async function costOfWaiting(runs: number): Promise<Spread> {
  const places = 8
  const waiting = 100
  const gates = capacity(places)
  const held: CapacityPlace[] = []
  let ended = false
  const begun = (place: CapacityPlace | Refusal): void => {
    if (!isRefusal(place)) held.push(place)
    else if (!ended) throw new Error(place.reason)
  }
  for (let i = 0; i < places + waiting; i++) {
    const place = gates.reserve(callOf(i % waiting, 0, i), { listener: undefined })
    if (place instanceof Promise) void place.then(begun)
    else begun(place as CapacityPlace | Refusal)
  }
  const run = async (): Promise<void> => {
    for (let i = 0; i < calls; i++) {
      const place = gates.reserve(callOf(i % waiting, 0, i), { listener: undefined })
      if (!(place instanceof Promise)) throw new Error('a call did not wait')
      void place.then(begun)
      gates.leave(held.shift() as CapacityPlace, sampleOf(i))
      // The call that was let through goes on in a turn of its own.
      await undefined
      await undefined
    }
  }
  const spread = await microseconds(run, (nth) => callOf(nth % waiting, 0, nth), runs)
  ended = true
  gates.close()
  return spread
}
