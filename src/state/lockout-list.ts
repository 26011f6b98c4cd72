import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { readLockouts, type StoredLockouts, writeLockouts } from './lockout-file.ts'
import { isPast, type LockoutRecord, supersedes } from './lockout-record.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import type { LockedOut, Lockout, LockoutChange, LockoutEffect, LockoutKind } from './lockouts.ts'
import { longPast } from './long-past.ts'

/** What this node knows of lockouts, in memory and in `lockouts.json` of the data directory, which this process alone writes. */
export interface LockoutList extends LockedOut {
  /** The highest epoch that this node has seen. */
  readonly epoch: number
  /** The version of a lockout that counts, whatever its state; undefined where there is none or it is past. */
  get(id: string): LockoutRecord | undefined
  /** Everything that is not past, released ones too. */
  records(): readonly LockoutRecord[]
  /** Takes a change of this node: first to disk, then in force, so that what is answered as done survives a crash. Rejects with the system's error, and nothing has changed. */
  put(record: LockoutRecord): Promise<void>
  /** Takes changes that other nodes have made already: what supersedes is in force when this returns; the disk follows. Resolves once it has; rejects with the system's error, and the next write brings it. */
  merge(records: readonly LockoutRecord[]): Promise<void>
  onChange(listener: (change: LockoutChange) => void): () => void
  /** Resolves once every write that was asked for so far has ended, whether it succeeded or not. */
  settled(): Promise<void>
}

type Index = Readonly<Record<LockoutEffect, Map<LockoutKind, Map<string, Lockout[]>>>>

/** Opens the list. Rejects with `LockoutsUnreadable` on one that is not whole or not signed by a key that counts. */
export async function openLockoutList(dataDirectory: string, signing: LockoutSigning, node: string, clock: Clock): Promise<LockoutList> {
  const file = join(dataDirectory, 'lockouts.json')
  return createLockoutList(await readLockouts(file, signing, node), (stored) => writeLockouts(file, stored, signing), clock)
}

/** The list of what was stored, kept from now on by `store`, which is never called while a call of it is under way. */
export function createLockoutList(stored: StoredLockouts, store: (stored: StoredLockouts) => Promise<void>, clock: Clock): LockoutList {
  const listeners = new Set<(change: LockoutChange) => void>()
  const known = new Map(stored.records.map((record) => [record.id, record]))
  const index: Index = { block: new Map(), slow: new Map() }
  const isLongPast = longPast(clock, (record: LockoutRecord) => isPast(record, clock.now()))
  let epoch = stored.epoch
  let size = 0
  let writing: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  let unwritten = false
  for (const record of known.values()) enter(record)

  function enter(record: Lockout): void {
    if (record.state !== 'inForce') return
    const { kind, value } = record.selector
    const values = index[record.effect].get(kind) ?? new Map<string, Lockout[]>()
    index[record.effect].set(kind, values)
    const same = values.get(value) ?? []
    values.set(value, same)
    same.push(record)
    size++
  }

  function leave(record: Lockout): void {
    if (record.state !== 'inForce') return
    const values = index[record.effect].get(record.selector.kind)
    const left = values?.get(record.selector.value)?.filter(({ id }) => id !== record.id) ?? []
    if (left.length > 0) values?.set(record.selector.value, left)
    else values?.delete(record.selector.value)
    size--
  }

  function inForce(lockout: Lockout): boolean {
    return lockout.until === undefined || lockout.until > clock.now()
  }

  function forgetPast(): void {
    for (const record of known.values()) {
      if (!isLongPast(record)) continue
      known.delete(record.id)
      leave(record)
    }
  }

  /** Puts a version in the place of the one before, and tells. Returns false where the one that is known counts. */
  function take(record: LockoutRecord): boolean {
    epoch = Math.max(epoch, record.epoch)
    const before = known.get(record.id)
    if (isPast(record, clock.now()) || !supersedes(record, before)) return false
    if (before !== undefined) leave(before)
    known.set(record.id, record)
    enter(record)
    const type = record.state === 'inForce' ? 'added' : record.state
    for (const listener of listeners) listener({ type, lockout: record })
    return true
  }

  /** One write at a time, in the order asked for; `done` runs once it is on disk, before the next begins. */
  function write(next: () => readonly LockoutRecord[], done: () => void): Promise<void> {
    const turn = writing.then(async () => {
      forgetPast()
      const records = next()
      await store({ epoch: records.reduce((most, one) => Math.max(most, one.epoch), epoch), records })
      done()
    })
    writing = turn.catch(() => undefined)
    return turn
  }

  return {
    get size() {
      return size
    },
    get epoch() {
      return epoch
    },
    find: (kind, value) => index.block.get(kind)?.get(value)?.find(inForce),
    findSlow: (kind, value) => index.slow.get(kind)?.get(value)?.find(inForce),
    get: (id) => {
      const record = known.get(id)
      return record === undefined || isPast(record, clock.now()) ? undefined : record
    },
    records: () => [...known.values()].filter((record) => !isPast(record, clock.now())),
    put(record) {
      const others = (): LockoutRecord[] => [...known.values()].filter(({ id }) => id !== record.id)
      return write(
        () => (supersedes(record, known.get(record.id)) ? [...others(), record] : [...known.values()]),
        () => take(record),
      )
    },
    merge(records) {
      const changed = records.filter(take).length > 0
      if (!changed && !unwritten) return waiting ?? Promise.resolve()
      unwritten = true
      waiting ??= write(
        () => {
          waiting = undefined
          unwritten = false
          return [...known.values()]
        },
        () => undefined,
      ).catch((error: unknown) => {
        unwritten = true
        throw error
      })
      return waiting
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    settled: () => writing,
  }
}
