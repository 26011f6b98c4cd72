import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { readLockouts, writeLockouts } from './lockout-file.ts'
import {
  type Lockout,
  type LockoutChange,
  type LockoutKind,
  LockoutRefused,
  type LockoutRequest,
  type Lockouts,
  normalisedSelector,
} from './lockouts.ts'

/** More than any real list; it keeps the file, and the time a change takes, bounded. */
const maximum = 10_000

type Index = ReadonlyMap<LockoutKind, ReadonlyMap<string, readonly Lockout[]>>

/** The lockouts kept in `lockouts.json` of the data directory, which this process alone writes. Rejects with `LockoutsUnreadable` on a list that is not whole. */
export async function openLockouts(dataDirectory: string, clock: Clock): Promise<Lockouts> {
  const file = join(dataDirectory, 'lockouts.json')
  const listeners = new Set<(change: LockoutChange) => void>()
  let all = await readLockouts(file)
  let index = indexOf(all)
  let lastChange: Promise<unknown> = Promise.resolve()

  function inForce(lockout: Lockout): boolean {
    return lockout.until === undefined || lockout.until > clock.now()
  }

  /** One change at a time, in the order asked for; the disk first, so what is answered as done survives a crash. */
  function inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = lastChange.then(change)
    lastChange = turn.catch(() => undefined)
    return turn
  }

  async function replace(next: readonly Lockout[], change: LockoutChange): Promise<void> {
    await writeLockouts(file, next)
    all = next
    index = indexOf(next)
    for (const listener of listeners) listener(change)
  }

  return {
    get size() {
      return all.length
    },
    find: (kind, value) => index.get(kind)?.get(value)?.find(inForce),
    list: () => all.filter(inForce),
    add: (request, author) =>
      inTurn(async () => {
        const lockout = lockoutOf(request, author, clock.now())
        const kept = all.filter(inForce)
        if (kept.length >= maximum) throw new LockoutRefused(`There are ${maximum} lockouts already: release some first.`)
        await replace([...kept, lockout], { type: 'added', lockout })
        return lockout
      }),
    release: (id) =>
      inTurn(async () => {
        const kept = all.filter(inForce)
        const lockout = kept.find((candidate) => candidate.id === id)
        if (lockout === undefined) return undefined
        await replace(
          kept.filter((candidate) => candidate !== lockout),
          { type: 'released', lockout },
        )
        return lockout
      }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function lockoutOf({ selector, reason, forSeconds }: LockoutRequest, author: string, now: number): Lockout {
  const normalised = normalisedSelector(selector.kind, selector.value)
  if (normalised === undefined) throw new LockoutRefused(`This is not the form of a value for ${selector.kind}.`)
  if (!/^[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u.test(reason))
    throw new LockoutRefused('A reason has 1 to 500 characters and no control characters.')
  if (forSeconds === undefined) return { id: randomUUID(), selector: normalised, author, reason, created: now }
  if (!Number.isSafeInteger(forSeconds) || forSeconds < 1 || forSeconds > maximumSeconds) {
    throw new LockoutRefused(`A lockout lasts 1 to ${maximumSeconds} seconds, or until it is released.`)
  }
  return { id: randomUUID(), selector: normalised, author, reason, created: now, until: now + forSeconds * 1000 }
}

/** A hundred years. */
const maximumSeconds = 3_155_760_000

function indexOf(lockouts: readonly Lockout[]): Index {
  const index = new Map<LockoutKind, Map<string, Lockout[]>>()
  for (const lockout of lockouts) {
    const values = index.get(lockout.selector.kind) ?? new Map<string, Lockout[]>()
    index.set(lockout.selector.kind, values)
    const same = values.get(lockout.selector.value) ?? []
    values.set(lockout.selector.value, same)
    same.push(lockout)
  }
  return index
}
