import type { Registry } from '../registry/registry.ts'
import type { Arrival } from '../spine/arrival.ts'
import type { Refusal } from '../spine/refusal.ts'
import { refuse } from '../spine/refusal.ts'

/** Where every check begins: a request, and the directory that was in force when it arrived. */
export interface Start extends Arrival {
  readonly registry: Registry | undefined
}

/** The directory of this request, or the refusal where there is none to trust. */
export function registryOf(start: Start, rule: string): Registry | Refusal {
  return start.registry ?? refuse(rule, 'REGISTRY_UNAVAILABLE', { reason: 'no valid registry has been loaded' })
}

/** What a check returns that passes a request and proves nothing further. */
export const passed: object = Object.freeze({})
