import { generateKeyPairSync } from 'node:crypto'
import { changeLockouts } from '../../src/state/change-lockouts.ts'
import { oneProcess } from '../../src/state/lockout-fan-out.ts'
import type { StoredLockouts } from '../../src/state/lockout-file.ts'
import { createLockoutList, type LockoutList } from '../../src/state/lockout-list.ts'
import { lockoutSettings } from '../../src/state/lockout-settings.ts'
import { openLockoutSigning } from '../../src/state/lockout-signing.ts'
import type { Lockouts } from '../../src/state/lockouts.ts'
import { createRedisLockoutFanOut } from '../../src/state/redis-lockout-fan-out.ts'
import { quantile } from './figures.ts'
import { type ModelConnection, redisModel } from './redis-model.ts'
import { seededRandom } from './seeded-random.ts'
import { virtualTime } from './virtual-time.ts'

/** So many nodes, and so many lockouts made and released again, one every second, on nodes by chance. */
export interface LockoutPlan {
  readonly nodes: number
  readonly lockouts: number
  readonly seed: number
}

/** What became of them. Times in ms from when it was asked for, over every node that had a connection. */
export interface LockoutResult {
  readonly changes: number
  /** Until it is in force on the last node. */
  readonly everywhere: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Until every node has said that it is on its disk too. */
  readonly acknowledged: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }
  readonly commandsPerSecond: number
  /** Commands and deliveries that one change makes beside the beats. */
  readonly commandsPerChange: number
  readonly deliveriesPerChange: number
  /** Nodes that were cut off for a while, and how long after their return the last of them knew everything. */
  readonly cutOff: number
  readonly caughtUpMs: number
  /** Every node knows the same at the end. */
  readonly agree: boolean
  /** Times that a node's epoch went back. */
  readonly wentBack: number
}

/** A disk that has what it was given. */
export const diskTimes = { meanMs: 4, spread: 0.8 } as const
const restMs = 20_000
const everyMs = 1_000

interface Node {
  readonly list: LockoutList
  readonly lockouts: Lockouts
  readonly redis: ModelConnection
}

/** Plays it. */
export async function lockoutDay({ nodes: count, lockouts, seed }: LockoutPlan): Promise<LockoutResult> {
  // Behind an event there are more turns of promises here than elsewhere: signatures, disk, answers.
  const time = virtualTime(16)
  const giveTimersBack = time.takeTimers()
  const random = seededRandom(seed).branch(30)
  const redis = redisModel(time, random.branch(1))
  const disk = random.branch(2)
  const clock = { now: () => Date.UTC(2026, 10, 26, 7) + Math.floor(time.now), elapsed: () => time.now }
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const settings = lockoutSettings.parse({ signingKey: pem })
  const acknowledged: number[] = []
  const changes: { readonly began: number; readonly done: Set<number>; last: number }[] = []
  const changeOf = new Map<string, number>()
  const highest = new Array<number>(count).fill(0)
  let wentBack = 0

  function store(stored: StoredLockouts): Promise<void> {
    void stored
    const { promise, resolve } = Promise.withResolvers<void>()
    time.after(disk.logNormal(diskTimes.meanMs, diskTimes.spread), resolve)
    return promise
  }

  const nodes = Array.from({ length: count }, (_, at): Node => {
    const node = `node-${at}`
    const list = createLockoutList({ epoch: 0, records: [] }, store, clock)
    const connection = redis.connect()
    const signing = openLockoutSigning(settings, '', () => settings.verificationKeys)
    const report = {
      everywhere: (seconds: number) => void acknowledged.push(seconds * 1_000),
      unacknowledged: () => undefined,
      refused: (why: string) => {
        throw new Error(why)
      },
      unwritten: (error: unknown) => {
        throw error
      },
    }
    const fanOut = createRedisLockoutFanOut({ redis: connection, list, signing, node, clock, report, processes: oneProcess })
    list.onChange(({ lockout }) => {
      if (list.epoch < (highest[at] as number)) wentBack++
      highest[at] = list.epoch
      const change = changes[changeOf.get(`${lockout.reason} ${lockout.state}`) ?? -1]
      if (change === undefined) return
      change.done.add(at)
      change.last = Math.max(change.last, time.now)
    })
    return { list, redis: connection, lockouts: changeLockouts({ list, signing, fanOut, settings: () => settings, node, clock }) }
  })
  await time.run(6_000)
  const idle = { commands: redis.commands, at: time.now }
  await time.run(time.now + 10_000)
  const beatsPerMs = (redis.commands - idle.commands) / (time.now - idle.at)
  const from = { commands: redis.commands, deliveries: redis.deliveries, at: time.now }

  const began = (reason: string, state: string): void => {
    changeOf.set(`${reason} ${state}`, changes.length)
    changes.push({ began: time.now, done: new Set(), last: time.now })
  }
  for (let nth = 0; nth < lockouts; nth++) {
    const reason = `lockout ${nth}`
    time.at(from.at + nth * everyMs, () => {
      began(reason, 'inForce')
      const made = nodes[random.below(count)]?.lockouts.add({ selector: { kind: 'asid', value: asidOf(nth) }, reason }, 'operator')
      void made?.then(({ id }) => {
        time.after(everyMs / 2, () => {
          began(reason, 'released')
          void nodes[random.below(count)]?.lockouts.release(id, 'operator')
        })
      })
    })
  }
  // The last tenth of the nodes, three at least, are cut off in the middle and miss a fifth of the changes.
  const cut = nodes.slice(-Math.max(3, Math.floor(count / 10)))
  const cutFrom = from.at + lockouts * 0.4 * everyMs
  const cutTo = from.at + lockouts * 0.6 * everyMs
  time.at(cutFrom, () => {
    for (const one of cut) one.redis.cut()
  })
  let caughtUpAt = cutTo
  time.at(cutTo, () => {
    for (const one of cut) one.redis.mend()
    const look = (): void => {
      const most = Math.max(...nodes.map(({ list }) => list.epoch))
      caughtUpAt = time.now
      if (cut.some(({ list, lockouts: own }) => list.epoch < most - 1 || !own.health.ok)) time.after(10, look)
    }
    look()
  })
  await time.run(from.at + lockouts * everyMs + restMs)
  const seconds = (time.now - from.at) / 1_000
  const commands = redis.commands - from.commands
  const told = changes.filter(({ began: at }) => at < cutFrom || at > cutTo + 2_000)
  const took = told.map((change) => (change.done.size === count ? change.last - change.began : Number.POSITIVE_INFINITY))
  const first = fingerprint(nodes[0]?.list)
  giveTimersBack()
  return {
    changes: changes.length,
    everywhere: { p50: quantile(took, 0.5), p99: quantile(took, 0.99), max: quantile(took, 1) },
    acknowledged: {
      count: acknowledged.length,
      p50: quantile(acknowledged, 0.5),
      p99: quantile(acknowledged, 0.99),
      max: quantile(acknowledged, 1),
    },
    commandsPerSecond: commands / seconds,
    commandsPerChange: (commands - beatsPerMs * seconds * 1_000) / changes.length,
    deliveriesPerChange: (redis.deliveries - from.deliveries) / changes.length,
    cutOff: cut.length,
    caughtUpMs: caughtUpAt - cutTo,
    agree: nodes.every(({ list }) => fingerprint(list) === first),
    wentBack,
  }
}

function asidOf(nth: number): string {
  return String(200_000_000_000 + nth)
}

function fingerprint(list: LockoutList | undefined): string {
  const records = list?.records() ?? []
  return [list?.epoch, ...records.map(({ id, epoch, state }) => `${id} ${epoch} ${state}`).sort()].join('\n')
}
