import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { createAwaitedAnswers } from './awaited-answers.ts'
import { createAwaitedComparisons } from './awaited-comparisons.ts'
import { keptLockouts } from './kept-lockouts.ts'
import { type LockoutBeat, lockoutBeat } from './lockout-beat.ts'
import type { FanOutReport, LockoutFanOut, LockoutProcesses } from './lockout-fan-out.ts'
import type { LockoutList } from './lockout-list.ts'
import { isPast, type LockoutRecord, supersedes } from './lockout-record.ts'
import { epochScript, lockoutKeys, tellScript } from './lockout-scripts.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import { genuineRecord, lockoutMessage, toldFields } from './lockout-wire.ts'
import type { LockoutHealth } from './lockouts.ts'
import type { RedisConnection } from './redis-connection.ts'

/** What the fan-out is made with. */
export interface RedisFanOutParts {
  readonly redis: RedisConnection
  readonly list: LockoutList
  readonly signing: LockoutSigning
  readonly node: string
  readonly clock: Clock
  readonly report: FanOutReport
  readonly processes: LockoutProcesses
}

const beatMs = 1_000
/** A node that has been silent for so long counts as away: it will catch up before it takes calls (`current-lockouts.ts`). */
const livesMs = 5_000
const answerWithinMs = 5_000
/** What nothing else has noticed is found by comparing all, now and then. */
const beatsPerSync = 60
const atOnce = 50
/** Messages in a beat that told nothing, by the third of a millisecond each: whoever can write to Redis can send any number. */
const mostVain = 200

/** Lockouts through Redis. It holds nothing that the nodes do not have on disk, and is believed nothing that is not signed. */
export function createRedisLockoutFanOut({ redis, list, signing, node, clock, report, processes }: RedisFanOutParts): LockoutFanOut {
  const key = (name: keyof typeof lockoutKeys): string => redis.prefix + lockoutKeys[name]
  const kept = keptLockouts({ redis, hash: key('records'), list, signing, clock, report })
  const answers = createAwaitedAnswers(clock, answerWithinMs)
  /** What Redis does not keep yet; without `began` it has been said to whoever listens, and their answers are timed already. */
  const unsent = new Map<string, { readonly record: LockoutRecord; readonly began?: number }>()
  const comparisons = createAwaitedComparisons(clock)
  let incarnation: string | undefined
  let sequence = 0
  let nodes: readonly string[] = [node]
  let synced = false
  let syncing: Promise<void> | undefined
  let beats = 0
  let missed = 0
  /** A message told of a change that came before and was not heard of. */
  let gap = false
  /** Messages since the last beat that told nothing. */
  let vain = 0
  /** It answers, and does not do what it is asked: out of memory, unable to write to its disk. */
  let failing: { readonly since: number; readonly why: string } | undefined
  /** It answers, and has refused once more, for the reason that it gave last, to keep what was changed here: a user without the rights. */
  let unkept: typeof failing
  let refusal = ''
  let closed = false

  async function beat(): Promise<LockoutBeat | undefined> {
    const found = await lockoutBeat(redis, [key('incarnation'), key('sequence'), key('records'), key('nodes')], node, livesMs)
    failing = typeof found === 'string' ? { since: failing?.since ?? clock.now(), why: found } : undefined
    if (typeof found === 'string') return undefined
    nodes = found.nodes
    return found
  }

  async function look(): Promise<void> {
    vain = 0
    const now = await beat()
    if (now === undefined || closed) return
    list.merge([]).catch(report.unwritten)
    for (const { record, began } of [...unsent.values()]) await tell(record, began)
    const why = `changes of this node that Redis does not keep: ${unsent.size}: ${refusal}`
    unkept = unsent.size === 0 ? undefined : { since: unkept?.since ?? clock.now(), why }
    missed = now.sequence > sequence ? missed + 1 : 0
    // Fewer changes than were told of: another Redis, or somebody told of changes that nobody made, which would hide that some are missing.
    gap ||= now.sequence < sequence
    const lost = now.incarnation !== incarnation || now.records < list.records().length
    if (!synced || lost || gap || missed > 1 || ++beats % beatsPerSync === 0) await sync()
  }

  /** Brings this node and Redis to the same: first what Redis has, then what this node has and Redis not. One at a time. */
  function sync(): Promise<void> {
    syncing ??= compare().finally(() => {
      syncing = undefined
    })
    return syncing
  }

  async function compare(): Promise<void> {
    const began = clock.elapsed()
    const begun = await beat()
    if (begun === undefined) return
    // What changed before is in the hash, what changes from now on is told.
    sequence = begun.sequence
    gap = false
    const found = await kept.readAll(begun.now)
    if (found === undefined || closed) {
      // What was missed still is.
      synced = false
      return
    }
    await list.merge([...found.values()]).catch(report.unwritten)
    const lacking = list.records().filter((record) => supersedes(record, found.get(record.id)))
    for (let at = 0; at < lacking.length; at += atOnce) {
      const told = await Promise.all(lacking.slice(at, at + atOnce).map((record) => tell(record)))
      if (told.includes(false)) {
        synced = false
        return
      }
    }
    incarnation = begun.incarnation
    missed = 0
    synced = true
    comparisons.ended(began)
  }

  /** Keeps a change in Redis and tells it; false where Redis does not answer. With `began` the answers of the others are timed. */
  async function tell(record: LockoutRecord, began?: number): Promise<boolean> {
    const question = `${record.id}:${record.epoch}`
    if (began !== undefined) answers.ask(question, began)
    const keys = [key('records'), key('epoch'), key('sequence'), key('nodes')]
    const put = () => redis.run(tellScript, keys, [...toldFields(record), key('changes'), node, String(livesMs)])
    const first = await put()
    const reply = first.kind === 'reply' && first.value === null && (await kept.removedForgery(record.id)) ? await put() : first
    if (reply.kind === 'failed') {
      refusal = reply.why
      if (began === undefined) return false
      // Redis passes messages on where it can keep nothing.
      const said = await redis.send('PUBLISH', key('changes'), `change 0 ${node} ${JSON.stringify(record)}`)
      unsent.set(record.id, { record, ...(said.kind === 'failed' && { began }) })
      if (said.kind === 'reply') timeAnswers(question, nodes, began)
      else answers.drop(question)
      return false
    }
    if (unsent.get(record.id)?.record === record) unsent.delete(record.id)
    if (began !== undefined) timeAnswers(question, Array.isArray(reply.value) ? (reply.value as string[]) : [], began)
    return true
  }

  function timeAnswers(question: string, living: readonly string[], began: number): void {
    const others = living.filter((one) => one !== node)
    void Promise.all([answers.from(question, others), processes.reached()]).then(([all]) => {
      const late = all.filter(({ milliseconds }) => milliseconds === undefined)
      if (late.length > 0) report.unacknowledged(late.map((one) => one.node))
      else report.everywhere(Math.max(clock.elapsed() - began, ...all.map(({ milliseconds = 0 }) => milliseconds)) / 1000)
    })
  }

  function refused(why: string): void {
    vain++
    report.refused(why)
  }

  async function hear(text: string): Promise<void> {
    if (vain >= mostVain) {
      // What is new is found by comparing all at the next beat.
      gap = true
      return report.refused(`not looked into: ${mostVain} messages have told nothing since the last beat`)
    }
    const message = lockoutMessage(text)
    if (message === undefined) return refused('it is no message about lockouts')
    if (message.kind === 'drill') {
      vain++
      await processes.drill()
      return answer(message.from, message.nonce)
    }
    if (message.sequence > sequence + 1 && synced) gap = true
    sequence = Math.max(sequence, message.sequence)
    const record = genuineRecord(message.text, signing)
    if (typeof record === 'string') return refused(record)
    // It is not in force here, whatever clock is wrong: this node must not say that it is.
    if (record.state === 'inForce' && isPast(record, clock.now())) return refused('it has ended already by this machine’s clock')
    if (!supersedes(record, list.get(record.id))) {
      vain++
      // One's own is known already. What is not comes from a node that was given the same name by mistake, and is in force all the same.
      if (message.from === node) return
    }
    try {
      await list.merge([record])
      await processes.reached()
      answer(message.from, `${record.id}:${record.epoch}`)
    } catch (error) {
      report.unwritten(error)
    }
  }

  function answer(to: string, question: string): void {
    void redis.send('PUBLISH', key('answers') + to, `${node} ${question}`)
  }

  const ends = [
    redis.subscribe(key('changes'), (text) => void hear(text)),
    redis.subscribe(key('answers') + node, (text) => {
      const [from = '', question = ''] = text.split(' ', 2)
      answers.answered(question, from)
    }),
    redis.onReady(() => {
      synced = false
      void sync()
    }),
  ]
  const timer = setInterval(() => void look(), beatMs)
  timer.unref()

  return {
    get health(): LockoutHealth {
      if (!redis.health.ok) return { shared: true, ok: false, since: redis.health.since, why: redis.health.why }
      const amiss = failing ?? unkept
      if (amiss !== undefined) return { shared: true, ok: false, ...amiss }
      return synced ? { shared: true, ok: true } : { shared: true, ok: false, since: redis.health.since, why: 'not caught up yet' }
    },
    async nextEpoch(known) {
      const reply = await redis.run(epochScript, [key('epoch')], [String(known)])
      const epoch = reply.kind === 'reply' ? Number(reply.value) : Number.NaN
      return Number.isSafeInteger(epoch) && epoch > known && epoch < known + 1e9 ? epoch : undefined
    },
    publish: (record, began) => void tell(record, began),
    async drill() {
      const question = randomUUID()
      answers.ask(question, clock.elapsed())
      await beat()
      const reply = await redis.send('PUBLISH', key('changes'), `drill ${node} ${question}`)
      // Whoever cannot ask tells who else there was.
      if (reply.kind === 'reply') return answers.from(question, [...new Set([node, ...nodes])].sort())
      answers.drop(question)
      return [...new Set([node, ...nodes])].sort().map((one) => ({ node: one }))
    },
    caughtUp(withinMs) {
      const next = comparisons.next(withinMs)
      // Until then each beat tries again; what is under way began too early.
      synced = false
      if (redis.health.ok) void Promise.resolve(syncing).then(sync)
      return next
    },
    async close() {
      closed = true
      clearInterval(timer)
      for (const end of ends) end()
      answers.close()
      await redis.send('ZREM', key('nodes'), node)
    },
  }
}
