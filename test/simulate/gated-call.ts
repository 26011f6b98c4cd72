import type { CapacityCall, CapacityPlace, ProviderCapacity } from '../../src/forwarding/provider-capacity.ts'
import type { GateSample } from '../../src/protection/gate-call.ts'
import { isRefusal, type Refusal } from '../../src/spine/refusal.ts'
import type { ProviderEnd, ProviderModel } from './provider-model.ts'
import type { VirtualTime } from './virtual-time.ts'

/** How a call ended for whoever made it, and how many ms after it came. `waited`: row 15 kept it for a while. */
export interface CallEnd {
  readonly how: ProviderEnd | 'refused'
  readonly ms: number
  readonly waited: boolean
}

/** Takes a call through row 15 to a provider and back, as the proxy's path does. */
export function gatedCall(
  time: VirtualTime,
  capacity: ProviderCapacity,
  provider: ProviderModel,
  call: CapacityCall,
  ended: (end: CallEnd) => void,
): void {
  const came = time.now
  const found = capacity.reserve(call, { listener: undefined })
  const waited = found instanceof Promise
  const go = (place: CapacityPlace | Refusal): void => {
    if (isRefusal(place)) {
      ended({ how: 'refused', ms: time.now - came, waited })
      return
    }
    const sentAt = time.now
    provider.call((how) => {
      capacity.leave(place, sampleOf(how, time.now - sentAt))
      ended({ how, ms: time.now - came, waited })
    })
  }
  if (waited) void found.then(go)
  else go(found)
}

function sampleOf(how: ProviderEnd, latencyMs: number): GateSample {
  switch (how) {
    case 'answered':
      return { kind: 'answered', latencyMs, pushback: false, failed: false, retryAt: 0 }
    case 'busy':
      return { kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt: 0 }
    case 'late':
      return { kind: 'failed' }
  }
}
