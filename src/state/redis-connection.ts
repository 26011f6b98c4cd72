import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import { lateAfter } from '../lib/deadline.ts'
import type { TlsClientPem } from '../lib/tls-client-settings.ts'
import { type RedisClient, reasonOf } from './redis-client.ts'
import { connectPrimary, isReplica, probeOf } from './redis-primary.ts'
import type { RedisSettings } from './state-settings.ts'

/** Whether Redis answers, since when (ms since 1970), and why not. */
export type RedisHealth =
  | { readonly ok: true; readonly since: number }
  | { readonly ok: false; readonly since: number; readonly why: string }

/** What became of a command: never an exception. */
export type RedisReply = { readonly kind: 'reply'; readonly value: unknown } | { readonly kind: 'failed'; readonly why: string }

/** A Lua script and the digest by which Redis keeps it. */
export interface RedisScript {
  readonly source: string
  readonly sha1: string
}

/** A connection that makes itself anew whenever it is lost. Nothing here throws, rejects, or waits longer than the time budget. */
export interface RedisConnection {
  readonly health: RedisHealth
  /** Begins every key and channel: whoever names one puts it before. */
  readonly prefix: string
  /** Commands sent so far on behalf of callers. */
  readonly operations: number
  /** Sends one command. Fails at once while Redis does not answer: nothing is kept for later. */
  send(...args: readonly string[]): Promise<RedisReply>
  /** Runs a script by its digest, and by its source where Redis does not know it yet. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<RedisReply>
  /** Tells every message of a channel, across reconnections; what is published while there is none is missed. The listener must not throw. Returns what ends it. */
  subscribe(channel: string, listener: (message: string) => void): () => void
  /** Tells of each new connection once its subscriptions stand, and now where there is one: the moment to catch up. Returns what ends it. */
  onReady(listener: () => void): () => void
  close(): Promise<void>
}

/** What the connection is made with. */
export interface RedisParts {
  /** Asked at each connection, so that renewed files count. */
  readonly tls: () => TlsClientPem | undefined
  readonly clock: Clock
  /** Told of each change between answering and not. Must not throw. */
  readonly changed: (health: RedisHealth) => void
}

/** Between two probes. */
const probeMs = 500
/** A connection on which nothing has come for so many budgets and probes is given up. */
const silentProbes = 4
const firstPauseMs = 50
const longestPauseMs = 2_000
/** A connection that was lost sooner than this ended for what the next one will meet too: a replica that takes no writes, a server that hangs up. */
const settledMs = 5_000

/** Makes a script of its source. */
export function redisScript(source: string): RedisScript {
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

/** Begins to connect and gives back the connection at once: not healthy until Redis has answered. */
export function openRedisConnection(settings: RedisSettings, { tls, clock, changed }: RedisParts): RedisConnection {
  const budget = settings.commandTimeoutMs
  const channels = new Map<string, Set<(message: string) => void>>()
  const readyListeners = new Set<() => void>()
  const ending = new AbortController()
  let health: RedisHealth = { ok: false, since: clock.now(), why: 'not connected yet' }
  let client: RedisClient | undefined
  let heardAt = 0
  let operations = 0
  const kept = keep()

  function turn(why: string | undefined): void {
    if (why === undefined ? health.ok : !health.ok && health.why === why) return
    const before = health
    health = why === undefined ? { ok: true, since: clock.now() } : { ok: false, since: before.ok ? clock.now() : before.since, why }
    if (before.ok !== health.ok) changed(health)
  }

  /** One connection after another, for ever. */
  async function keep(): Promise<void> {
    for (let attempt = 0; !ending.signal.aborted; attempt++) {
      let why: string
      try {
        const made = await connectPrimary(settings, tls(), attempt, ending.signal)
        if (ending.signal.aborted) made.destroy()
        else await use(made)
        const began = clock.elapsed()
        why = await made.lost
        if (clock.elapsed() - began > settledMs) attempt = 0
      } catch (error) {
        why = reasonOf(error)
      }
      client = undefined
      turn(why)
      const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 10))
      // Many proxies that lost the same Redis do not come back at the same moment.
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal: ending.signal, ref: false }).catch(() => undefined)
    }
  }

  async function use(made: RedisClient): Promise<void> {
    heardAt = clock.elapsed()
    const prober = setInterval(() => void probe(made), probeMs)
    prober.unref()
    void made.lost.then(() => clearInterval(prober))
    try {
      for (const channel of channels.keys()) await made.subscribe(channel, (message) => tell(channel, message))
    } catch (error) {
      made.destroy()
      throw error
    }
    client = made
    turn(undefined)
    for (const listener of readyListeners) listener()
  }

  async function probe(made: RedisClient): Promise<void> {
    const silentMs = silentProbes * (probeMs + budget)
    if (clock.elapsed() - heardAt > silentMs) return made.destroy(`nothing came for ${silentMs} ms`)
    const reply = await ask(made, probeOf(settings))
    if (made !== client) return
    if (reply.kind === 'failed') turn(reply.why)
    else if (isReplica(reply.value)) made.destroy('it has become a replica')
    else turn(undefined)
  }

  /** The answer, or that there was none within the budget; what comes later is dropped. */
  function ask(asked: RedisClient, args: readonly string[]): Promise<RedisReply> {
    return new Promise((resolve) => {
      const timer = lateAfter(budget, () => {
        const why = `no answer within ${budget} ms`
        resolve({ kind: 'failed', why })
        if (asked === client && heardAt < sentAt) turn(why)
      })
      const sentAt = clock.elapsed()
      asked.send(args).then(
        (value) => {
          heardAt = clock.elapsed()
          clearTimeout(timer)
          resolve({ kind: 'reply', value })
        },
        (error: unknown) => {
          const why = reasonOf(error)
          clearTimeout(timer)
          resolve({ kind: 'failed', why })
          // The primary has become a replica under us.
          if (/^READONLY /.test(why)) asked.destroy(why)
        },
      )
    })
  }

  async function send(...args: readonly string[]): Promise<RedisReply> {
    if (client === undefined || !health.ok) return { kind: 'failed', why: health.ok ? 'not connected' : health.why }
    operations++
    return ask(client, args)
  }

  function tell(channel: string, message: string): void {
    for (const listener of channels.get(channel) ?? []) listener(message)
  }

  return {
    get health() {
      return health
    },
    get operations() {
      return operations
    },
    prefix: settings.prefix,
    send,
    async run({ source, sha1 }, keys, args) {
      const rest = [String(keys.length), ...keys, ...args]
      const reply = await send('EVALSHA', sha1, ...rest)
      return reply.kind === 'failed' && reply.why.startsWith('NOSCRIPT') ? send('EVAL', source, ...rest) : reply
    },
    subscribe(channel, listener) {
      const listeners = channels.get(channel)
      if (listeners !== undefined) listeners.add(listener)
      else {
        channels.set(channel, new Set([listener]))
        const current = client
        current?.subscribe(channel, (message) => tell(channel, message)).catch(() => current.destroy())
      }
      return () => {
        const left = channels.get(channel)
        if (left?.delete(listener) !== true || left.size > 0) return
        channels.delete(channel)
        client?.unsubscribe(channel).catch(() => undefined)
      }
    },
    onReady(listener) {
      readyListeners.add(listener)
      if (client !== undefined) listener()
      return () => readyListeners.delete(listener)
    },
    async close() {
      ending.abort()
      client?.destroy()
      await kept
    },
  }
}
