import { beatScript, epochScript, forgetScript, readScript, tellScript } from '../../src/state/lockout-scripts.ts'
import type { RedisConnection, RedisHealth, RedisReply, RedisScript } from '../../src/state/redis-connection.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What network, Redis and a busy node take, in ms; ways and turns are log-normal about their means. */
export const redisTimes = { wayMs: 0.35, waySpread: 0.8, commandMs: 0.02, deliveryMs: 0.004, turnMs: 3, turnSpread: 1 } as const

/** A connection that can be lost. */
export interface ModelConnection extends RedisConnection {
  cut(): void
  mend(): void
}

/** A Redis as far as lockouts go, an operation at a time. */
export interface RedisModel {
  /** Commands so far, and messages delivered to subscribers. */
  readonly commands: number
  readonly deliveries: number
  connect(): ModelConnection
}

type Command = readonly string[]

/** Makes an empty one. */
export function redisModel(time: VirtualTime, random: SeededRandom): RedisModel {
  const texts = new Map<string, string>()
  const hashes = new Map<string, Map<string, string>>()
  const sets = new Map<string, Map<string, number>>()
  const subscribers = new Map<string, Set<(message: string) => void>>()
  let freeAt = 0
  let commands = 0
  let deliveries = 0
  const way = (): number => random.logNormal(redisTimes.wayMs, redisTimes.waySpread)
  const turn = (): number => random.logNormal(redisTimes.turnMs, redisTimes.turnSpread)

  function member<Value>(all: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
    const known = all.get(key) ?? new Map<string, Value>()
    all.set(key, known)
    return known
  }

  function publish(channel: string, message: string): void {
    for (const hear of subscribers.get(channel) ?? []) {
      deliveries++
      freeAt += redisTimes.deliveryMs
      time.at(freeAt + way() + turn(), () => hear(message))
    }
  }

  function living(key: string, ms: number): string[] {
    return [...member(sets, key)].filter(([, at]) => at >= time.now - ms).map(([node]) => node)
  }

  function run(script: RedisScript, keys: readonly string[], args: readonly string[]): unknown {
    const [one = '', two = '', three = '', four = ''] = keys
    switch (script) {
      case beatScript: {
        member(sets, four).set(args[0] as string, time.now)
        if (!texts.has(one)) texts.set(one, args[1] as string)
        return [texts.get(one), texts.get(two) ?? '0', String(member(hashes, three).size), living(four, Number(args[2])), String(time.now)]
      }
      case epochScript: {
        const next = String(Math.max(Number(texts.get(one) ?? '0'), Number(args[0])) + 1)
        texts.set(one, next)
        return next
      }
      case tellScript:
        return tell(one, two, three, four, args)
      case forgetScript:
        return member(hashes, one).get(args[0] as string) === args[1] && member(hashes, one).delete(args[0] as string) ? 1 : 0
      case readScript:
        return ['0', [...member(hashes, one)].flat()]
      default:
        throw new Error('an unknown script')
    }
  }

  function tell(records: string, epochKey: string, sequenceKey: string, nodes: string, args: readonly string[]): unknown {
    const [id = '', epoch = '', rank = '', by = '', record = '', channel = '', from = '', livesMs = ''] = args
    const known = member(hashes, records).get(id)?.split(' ', 3)
    if (known !== undefined) {
      const [knownEpoch, knownRank, knownBy = ''] = [Number(known[0]), Number(known[1]), known[2]]
      if (knownEpoch > Number(epoch)) return null
      if (knownEpoch === Number(epoch) && (knownRank > Number(rank) || (knownRank === Number(rank) && knownBy >= by))) return null
    }
    member(hashes, records).set(id, `${epoch} ${rank} ${by} ${record}`)
    if (Number(texts.get(epochKey) ?? '0') < Number(epoch)) texts.set(epochKey, epoch)
    const sequence = String(Number(texts.get(sequenceKey) ?? '0') + 1)
    texts.set(sequenceKey, sequence)
    publish(channel, `change ${sequence} ${from} ${record}`)
    return living(nodes, Number(livesMs))
  }

  function command([name, key = '', ...rest]: Command): unknown {
    switch (name) {
      case 'PUBLISH':
        return publish(key, rest[0] as string)
      case 'HGET':
        return member(hashes, key).get(rest[0] as string) ?? null
      case 'ZREM':
        return member(sets, key).delete(rest[0] as string) ? 1 : 0
      default:
        throw new Error(`an unknown command ${name}`)
    }
  }

  function connect(): ModelConnection {
    const own = new Map<string, Set<(message: string) => void>>()
    const ready = new Set<() => void>()
    let health: RedisHealth = { ok: true, since: 0 }
    let operations = 0
    const listen = (channel: string, hear: (message: string) => void): void => {
      subscribers.set(channel, (subscribers.get(channel) ?? new Set()).add(hear))
    }
    const ask = (act: () => unknown): Promise<RedisReply> => {
      if (!health.ok) return Promise.resolve({ kind: 'failed', why: 'cut off' })
      operations++
      commands++
      const { promise, resolve } = Promise.withResolvers<RedisReply>()
      time.after(way(), () => {
        freeAt = Math.max(freeAt, time.now) + redisTimes.commandMs
        time.at(freeAt, () => {
          const value = act()
          time.after(way(), () => resolve(health.ok ? { kind: 'reply', value } : { kind: 'failed', why: 'cut off' }))
        })
      })
      return promise
    }
    return {
      get health() {
        return health
      },
      get operations() {
        return operations
      },
      prefix: 'ssp:',
      send: (...words) => ask(() => command(words)),
      run: (script, keys, args) => ask(() => run(script, keys, args)),
      subscribe(channel, hear) {
        const told = (message: string): void => {
          if (health.ok) hear(message)
        }
        own.set(channel, (own.get(channel) ?? new Set()).add(told))
        listen(channel, told)
        return () => void subscribers.get(channel)?.delete(told)
      },
      onReady(listener) {
        ready.add(listener)
        listener()
        return () => ready.delete(listener)
      },
      cut() {
        health = { ok: false, since: time.now, why: 'cut off' }
        for (const [channel, all] of own) for (const one of all) subscribers.get(channel)?.delete(one)
      },
      mend() {
        health = { ok: true, since: time.now }
        for (const [channel, all] of own) for (const one of all) listen(channel, one)
        for (const listener of ready) listener()
      },
      close: async () => undefined,
    }
  }

  return {
    get commands() {
      return commands
    },
    get deliveries() {
      return deliveries
    },
    connect,
  }
}
