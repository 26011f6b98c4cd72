import { throttle } from '../../../src/checks/throttle.ts'
import { createAllowances, type Holding } from '../../../src/protection/allowances.ts'
import { throttleSettings } from '../../../src/protection/throttle-settings.ts'
import { isRefusal } from '../../../src/spine/refusal.ts'
import type { Spread } from '../statistics.ts'
import { calls, microseconds } from './measured.ts'
import { consumers, drawn, interactionNames, type PartyMix, providers } from './party-mix.ts'

const amount = { requestsPerSecond: 1_000_000, burst: 10_000_000, concurrent: 1_000_000 }
const single = ['organisation', 'certificate', 'provider', 'provider-organisation', 'interaction']
const limited = (names: readonly string[]) =>
  throttleSettings.parse({ ...amount, limits: Object.fromEntries(names.map((name) => [name, amount])) })

/** The limits that are measured: those of the defaults, and more. */
export const limitsOfRow14 = {
  'the usual limits': throttleSettings.parse(amount),
  'six limits': limited(single),
  'all eight limits': limited([...single, 'system-provider', 'system-interaction']),
} as const

type Evidence = Parameters<ReturnType<typeof throttle.create>>[0]

/** What row 14 costs a call, taking and giving back, with so many calls under way. */
export async function costOfRow14(limits: keyof typeof limitsOfRow14, mix: PartyMix, underWay: number, runs: number): Promise<Spread> {
  const clock = { now: Date.now, elapsed: () => performance.now() }
  const decide = throttle.create({
    settings: { throttle: limitsOfRow14[limits] },
    allowances: createAllowances(clock.elapsed),
    clock,
  })
  const held: (Holding | undefined)[] = new Array(underWay).fill(undefined)
  const run = (): void => {
    for (let i = 0; i < calls; i++) {
      const found = decide(evidenceOf(mix, i))
      if (isRefusal(found)) throw new Error('a call was refused')
      held[i % underWay]?.release()
      held[i % underWay] = found.holding
    }
  }
  return microseconds(run, (nth) => evidenceOf(mix, nth), runs)
}

const body = { kind: 'none' } as const

function evidenceOf(mix: PartyMix, nth: number): Evidence {
  const at = nth & (drawn - 1)
  const { certificate, consumer } = consumers[mix.consumer[at] as number] as (typeof consumers)[number]
  const { provider, endpoint } = providers[mix.provider[at] as number] as (typeof providers)[number]
  const interactionId = interactionNames[nth % interactionNames.length] as string
  return { body, certificate, consumer, provider, endpoint, interactionId } as unknown as Evidence
}
