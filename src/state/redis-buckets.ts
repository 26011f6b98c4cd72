import { own } from './own-key.ts'
import { type RedisConnection, redisScript } from './redis-connection.ts'

/** One bucket to lease from, as the policy asks for it; times in ms. */
interface Ask {
  readonly bucket: string
  readonly interval: number
  readonly tolerance: number
  readonly debt: number
  readonly returned: number
  readonly want: number
  readonly left: number
  readonly among: number
  readonly horizon: number
  readonly known: number
  readonly insist: boolean
  readonly furthest: number
}

/** What was granted; times in ms from the answer on. */
interface Grant {
  readonly granted: number
  readonly first: number
  readonly ahead: number
}

/** Buckets in Redis, which all nodes share. */
export interface RedisBuckets {
  readonly reachable: boolean
  /** Why Redis, which answers, does not do what it is asked; undefined where it does, or cannot be reached at all. */
  readonly failure: string | undefined
  /** Nodes heard of in the last seconds, this one included; the most of late, so that an emptied Redis makes nobody's share larger. */
  readonly nodes: number
  /** Leases of several buckets by one script, by Redis' own clock. Undefined where there was no answer in time. Never rejects. */
  lease(asks: readonly Ask[]): Promise<readonly Grant[] | undefined>
  /** Says that the node is there no more. */
  close(): Promise<void>
}

/**
 * The generic cell rate algorithm over each bucket, whose theoretical arrival time is kept in microseconds. A bucket that is not there is full,
 * but for what the asking node knows of it, and so is one in whose place something else stands. None is further ahead than it can be by this limit: else
 * a slower limit of before, a clock that went back, or whoever can write to Redis would shut a party out for as long as they please. The arguments of each
 * bucket are in the order of `argumentsOf`.
 */
export const leaseScript = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local out = {}
for i, key in ipairs(KEYS) do
  local a = {}
  for n = 1, 10 do a[n] = tonumber(ARGV[(i - 1) * 10 + n]) end
  local interval, tolerance, debt, returned, want, left, among, horizon, known, furthest = unpack(a)
  local kept = redis.pcall('GET', key)
  local stored = type(kept) == 'string' and string.match(kept, '^%d+$') and tonumber(kept)
  local due = stored or now
  if known < 0 then due = math.max(due, now - known) elseif not stored then due = now + known end
  due = math.min(due, now + furthest)
  due = math.max(due - returned * interval, now) + debt * interval
  local ahead = due - now
  local there = math.max(0, math.floor((tolerance - ahead) / interval + 0.000001))
  local reach = math.max(0, math.floor((tolerance + horizon - ahead) / interval + 0.000001))
  if among > 0 then want = math.max(want, math.floor((there + left) / among) - left) end
  local granted = math.min(want, reach)
  due = due + granted * interval
  out[#out + 1] = granted
  out[#out + 1] = math.floor(ahead + interval - tolerance)
  out[#out + 1] = math.ceil(due - now)
  if due > now then redis.call('SET', key, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  elseif kept then redis.call('DEL', key) end
end
return out`)

/** A node says that it is there, and learns how many are. */
const presentScript = redisScript(`${own}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
own('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
-- A node is not heard of in time to come: Redis' clock went back, or nobody was.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])`)

const presentMs = 2_000
/** A node of which nothing was heard for so long is no more. */
const absentMs = 7_000

/** Opens the buckets. `node` is this process's own name among all that share them. */
export function openRedisBuckets(redis: RedisConnection, node: string): RedisBuckets {
  const name = (text: string): string => `${redis.prefix}${text}`
  /** How many nodes were counted of late, the latest last. */
  let counts: readonly number[] = [1]
  /** It answers, and does not do what it is asked: out of memory, without the replicas that it must have. As good as out of reach. */
  let failure: string | undefined

  async function present(): Promise<void> {
    const reply = await redis.run(presentScript, [name('nodes')], [node, String(absentMs)])
    failure = reply.kind === 'failed' ? reply.why : undefined
    if (reply.kind === 'reply') counts = [...counts, Math.max(1, Number(reply.value))].slice(-Math.ceil(absentMs / presentMs))
  }

  const timer = setInterval(() => void present(), presentMs)
  timer.unref()
  const forget = redis.onReady(() => void present())

  return {
    get reachable() {
      return redis.health.ok && failure === undefined
    },
    get failure() {
      return redis.health.ok ? failure : undefined
    },
    get nodes() {
      return Math.max(...counts)
    },
    async lease(asks) {
      const reply = await redis.run(
        leaseScript,
        asks.map(({ bucket }) => name(`bucket:${bucket}`)),
        asks.flatMap(argumentsOf),
      )
      if (reply.kind === 'failed' || !Array.isArray(reply.value)) {
        failure = reply.kind === 'failed' ? reply.why : 'an answer that is none'
        return undefined
      }
      const numbers = reply.value.map(Number)
      return asks.map((_, at) => ({
        granted: numbers[at * 3] ?? 0,
        first: (numbers[at * 3 + 1] ?? 0) / 1000,
        ahead: (numbers[at * 3 + 2] ?? 0) / 1000,
      }))
    },
    async close() {
      clearInterval(timer)
      forget()
      await redis.send('ZREM', name('nodes'), node)
    },
  }
}

/** Microseconds and whole cells. What is known counts against an older bucket too where it is negative. */
function argumentsOf({ interval, tolerance, debt, returned, want, left, among, horizon, known, insist, furthest }: Ask): readonly string[] {
  const micro = (milliseconds: number): string => String(milliseconds * 1000)
  const told = insist && known > 0 ? -known : known
  return [
    micro(interval),
    micro(tolerance),
    String(debt),
    String(returned),
    String(want),
    String(left),
    String(among),
    micro(horizon),
    micro(told),
    micro(furthest),
  ]
}
