import { createDialGuard } from '../forwarding/dial-guard.ts'
import { derived } from '../lib/derived.ts'
import { fetchedOf, withRevocations } from '../pki/trust-store.ts'
import type { Ground } from './ground.ts'
import type { Materials } from './materials.ts'
import { createMayNotDial } from './may-not-dial.ts'
import { createRevocation, type Revocation, type RevocationParts } from './revocation.ts'

/** Where revocation lists come from besides files. */
export interface ListSource {
  /** Whether this process fetches them and keeps them on disk; where it does not, another one does and hands them over. */
  readonly fetches: boolean
  /** Told of each list that was fetched and brought into force. */
  readonly taken?: (der: Buffer, url: string) => void
}

/** What revocation reaches in this process. */
export interface RevocationReach extends Pick<RevocationParts, 'renewTickets' | 'cutConsumers' | 'cutProviders'> {
  readonly ownPorts: () => readonly number[]
  readonly lists: ListSource
}

/** Puts revocation to work on what is in force. */
export function composeRevocation(ground: Ground, { ownPorts, lists, ...reach }: RevocationReach): Revocation {
  const { materials, replace } = ground
  const guard = derived(() => materials().loaded.config.forwarding.allowedNetworks, createDialGuard)
  return createRevocation({
    ...ground,
    ...reach,
    lists,
    settings: () => materials().loaded.config.trust,
    trust: () => materials().trust,
    replace: (trust) => replace({ ...materials(), trust }),
    mayNotDial: createMayNotDial((address) => guard()(address), ownPorts),
  })
}

/** Puts new materials in force and makes a change of trust felt. What was fetched while the files were read is not lost. */
export function putInForce({ materials, replace, log }: Ground, revocation: Revocation, next: Materials, composed?: () => void): void {
  const before = materials().trust
  replace({ ...next, trust: withRevocations(next.trust, fetchedOf(before)) })
  log.follow(next.loaded.config.logging)
  composed?.()
  revocation.enforce(before, materials().trust)
  void revocation.refresh()
}
