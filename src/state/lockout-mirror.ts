import type { Clock } from '../lib/clock.ts'
import type { LockedOut, Lockout, LockoutKind } from './lockouts.ts'
import { longPast } from './long-past.ts'

/** What another process of this machine keeps of lockouts, as far as calls are decided by it. */
export interface LockoutMirror extends LockedOut {
  /** Takes a version of a lockout; an older one of it changes nothing. */
  take(lockout: Lockout): void
}

/** Versions remembered before those of released lockouts are forgotten: more than there can be lockouts. */
const most = 50_000

/** Makes one that knows these. Expired ones are left out when they are looked for, and forgotten when others come. */
export function createLockoutMirror(known: readonly Lockout[], clock: Clock): LockoutMirror {
  const byId = new Map<string, Lockout>()
  const bySelector = new Map<string, readonly Lockout[]>()
  const isLongOver = longPast(clock, isOver)
  for (const one of known) take(one)

  function isOver({ until }: Lockout): boolean {
    return until !== undefined && until <= clock.now()
  }

  function take(lockout: Lockout): void {
    const before = byId.get(lockout.id)
    if (before !== undefined && before.epoch > lockout.epoch) return
    const key = keyOf(lockout.selector.kind, lockout.selector.value)
    const others = (bySelector.get(key) ?? []).filter((one) => one.id !== lockout.id && !isLongOver(one))
    const now = lockout.state === 'inForce' ? [...others, lockout] : others
    if (now.length > 0) bySelector.set(key, now)
    else bySelector.delete(key)
    if (byId.size >= most) forgetReleased()
    byId.set(lockout.id, lockout)
  }

  /** Messages arrive in order, so that an old version comes late only where it crossed with the start. */
  function forgetReleased(): void {
    for (const one of byId.values()) if (one.state === 'released' || isLongOver(one)) byId.delete(one.id)
  }

  function find(effect: Lockout['effect'], kind: LockoutKind, value: string): Lockout | undefined {
    return bySelector.get(keyOf(kind, value))?.find((one) => one.effect === effect && !isOver(one))
  }

  return {
    take,
    get size() {
      return bySelector.size
    },
    find: (kind, value) => find('block', kind, value),
    findSlow: (kind, value) => find('slow', kind, value),
  }
}

function keyOf(kind: LockoutKind, value: string): string {
  return `${kind} ${value}`
}
