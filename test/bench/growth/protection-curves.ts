import { throttle } from '../../../src/checks/throttle.ts'
import { breakerSettings, capacitySettings } from '../../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../../src/forwarding/gate-rules.ts'
import { createProviderCapacity } from '../../../src/forwarding/provider-capacity.ts'
import { createProviderPools } from '../../../src/forwarding/provider-pools.ts'
import { createAllowances } from '../../../src/protection/allowances.ts'
import { throttleSettings } from '../../../src/protection/throttle-settings.ts'
import { isRefusal } from '../../../src/spine/refusal.ts'
import { createLockoutMirror } from '../../../src/state/lockout-mirror.ts'
import type { Lockout } from '../../../src/state/lockouts.ts'
import type { Curve } from './curve.ts'

const clock = { now: Date.now, elapsed: () => performance.now() }
const interactionId = 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1'
const many = { requestsPerSecond: 1_000_000, burst: 10_000_000, concurrent: 1_000_000 }

/** As a header brings it: a string of its own, whose hash nobody knows yet. */
const asid = (nth: number): string => String(200_000_000_000 + nth)

const consumers: Curve = {
  of: 'consumers',
  what: 'taking and giving back a call of the usual limits (row 14)',
  async make(count) {
    const decide = throttle.create({
      settings: { throttle: throttleSettings.parse(many) },
      allowances: createAllowances(clock.elapsed),
      clock,
    })
    type Evidence = Parameters<typeof decide>[0]
    return {
      act(nth) {
        const found = decide({ body: { kind: 'none' }, consumer: { asid: asid(nth % count) } } as Evidence)
        if (isRefusal(found)) throw new Error(found.reason)
        found.holding?.release()
      },
    }
  },
}

const providers: Curve = {
  of: 'providers',
  what: 'a place at a provider, and giving it back (row 15)',
  async make(count) {
    const settings = capacitySettings.parse({ initialLimit: 64 })
    const nobody = { waited: () => undefined, refused: () => undefined }
    const capacity = createProviderCapacity(capacityRules(settings, breakerSettings.parse({}), 64), 10_000, nobody, clock.elapsed)
    type Call = Parameters<typeof capacity.reserve>[0]
    const sink = { listener: undefined }
    return {
      act(nth) {
        const call = { endpoint: { host: hostOf(nth % count) }, interactionId, consumer: { asid: '200000000359' } } as Call
        const place = capacity.reserve(call, sink)
        if (place instanceof Promise || isRefusal(place)) throw new Error('a call was not let through at once')
        capacity.leave(place, { kind: 'answered', latencyMs: 20, pushback: false, failed: false, retryAt: 0 })
      },
    }
  },
}

const pools: Curve = {
  of: 'pools',
  what: 'the pool of a provider’s connections',
  async make(count) {
    type Parameter = Parameters<typeof createProviderPools>
    const dial = () => () => Promise.reject(new Error('nothing is dialled here'))
    const made = createProviderPools(() => ({}) as ReturnType<Parameter[0]>, dial as unknown as Parameter[1], clock.elapsed)
    return { act: (nth) => made.release(made.take({ host: hostOf(nth % count) })), close: made.close }
  },
}

const lockedOut: Curve = {
  of: 'locked-out parties',
  what: 'looking for a certificate that is not among them, and for one that is',
  // There cannot be many more: section on lockouts of the operators’ page.
  most: 10_000,
  async make(count) {
    const known = Array.from({ length: count }, (_, nth) => lockoutOf(nth))
    const mirror = createLockoutMirror(known, clock)
    return {
      act(nth) {
        const found = mirror.find('certificate', digest(nth % count))
        if (found === undefined || mirror.find('certificate', digest(-1 - nth)) !== undefined) throw new Error('found wrongly')
      },
    }
  },
}

/** What grows with the parties that call and are called. */
export const protectionCurves: readonly Curve[] = [consumers, providers, pools, lockedOut]

function hostOf(nth: number): string {
  return `provider${nth}.example.nhs.uk`
}

function digest(nth: number): string {
  return nth < 0 ? (-nth).toString(16).padStart(64, 'f') : nth.toString(16).padStart(64, '0')
}

function lockoutOf(nth: number): Lockout {
  const selector = { kind: 'certificate', value: digest(nth) } as const
  return { id: `L${nth}`, selector, effect: 'block', state: 'inForce', epoch: nth, reason: 'growth' } as unknown as Lockout
}
