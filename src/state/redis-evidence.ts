import { randomUUID } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import { exchangeScript, type SignedStatement, statementIn, statementText } from './evidence-wire.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import type { RedisConnection } from './redis-connection.ts'

/** What a node says about somebody. */
interface Statement {
  readonly about: string
  readonly says: string
}

/** What another node has said last. */
interface HeardStatement extends Statement {
  readonly node: string
  readonly run: string
  readonly nth: number
  readonly agoMs: number
}

/** Statements of nodes about somebody, in Redis. Nothing here throws or rejects. */
export interface RedisEvidence {
  readonly shared: true
  /** Puts what this node says in the place of what it said before, and hears the others, by one script. Undefined where there was no answer in time. */
  exchange(
    statements: readonly Statement[],
    kept: { readonly keepMs: number; readonly most: number },
  ): Promise<{ readonly told: number; readonly heard: readonly HeardStatement[] } | undefined>
  /** True for the first to ask within so long, and where Redis does not answer. */
  claim(act: string, forMs: number): Promise<boolean>
  onLost(listener: () => void): () => void
}

/** What it is made with. */
export interface RedisEvidenceParts {
  readonly redis: RedisConnection
  readonly signing: LockoutSigning
  /** This node's name, which no other one has. */
  readonly node: string
  readonly clock: Clock
  /** Told of each thing in Redis that nobody signed, once a minute. Must not throw. */
  readonly refused: (why: string) => void
}

/** Statements heard in one operation: whole suspects until there are so many. */
const heardAtOnce = 300
/** Verified without a pause, at up to 0.3 ms each: calls wait no longer. */
const verifiedAtOnce = 8
/** Statements that are known to be genuine, and others that are not, for a minute: a key that is named later counts then. */
const remembered = 1_000
const refusedMs = 60_000

/** Evidence through Redis, which is believed nothing that no node has signed: whoever can write there could have anybody locked out. */
export function openRedisEvidence({ redis, signing, node, clock, refused }: RedisEvidenceParts): RedisEvidence {
  const run = randomUUID()
  const prefix = `${redis.prefix}evidence:`
  const lost = new Set<() => void>()
  /** By where they stand, and their text. */
  const genuine = new LRUCache<string, SignedStatement>({ max: remembered })
  const forged = new LRUCache<string, true>({ max: remembered, ttl: refusedMs })
  let nth = 0
  let store: string | undefined

  function genuineStatement(key: string, statement: SignedStatement | undefined): SignedStatement | undefined {
    if (statement !== undefined && signing.isSealed(statement.sealed, statement.signature)) {
      genuine.set(key, statement)
      return statement
    }
    forged.set(key, true)
    const why = statement === undefined ? 'it is none' : `its signature is not that of a key of the settings (${statement.signature.key})`
    refused(`a statement about evidence: ${why}`)
    return undefined
  }

  async function heardIn(found: readonly string[], receivedAt: number): Promise<readonly HeardStatement[]> {
    const heard: HeardStatement[] = []
    let verified = 0
    for (let at = 0; at + 3 < found.length; at += 4) {
      const [about = '', from = '', storedMs = '', text = ''] = found.slice(at, at + 4)
      if (from === run) continue
      const key = `${about} ${from} ${text}`
      if (forged.has(key)) continue
      const known = genuine.get(key)
      if (known === undefined && ++verified % verifiedAtOnce === 0) await turn()
      const statement = known ?? genuineStatement(key, statementIn(text, from, about))
      if (statement === undefined) continue
      // By Redis' clock and by the nodes': whichever says more, so that nobody makes old evidence new.
      const agoMs = Math.max(0, Number(storedMs) || 0, receivedAt - statement.at)
      heard.push({ about, says: statement.says, node: statement.node, run: from, nth: statement.nth, agoMs })
    }
    return heard
  }

  function tellLost(): void {
    for (const listener of lost) listener()
  }

  return {
    shared: true,
    async exchange(statements, { keepMs, most }) {
      const at = clock.now()
      const told = statements.flatMap(({ about, says }) => [
        about,
        statementText({ run, nth: ++nth, at, node, about, says }, (bytes) => signing.seal(bytes)),
      ])
      const bounds = [prefix, run, randomUUID(), keepMs, most, heardAtOnce].map(String)
      const reply = await redis.run(exchangeScript, [`${prefix}store`, `${prefix}suspects`], [...bounds, ...told])
      if (reply.kind === 'failed' || !Array.isArray(reply.value)) return undefined
      const [word, taken, ...found] = reply.value.map(String)
      const emptied = store !== undefined && store !== word
      store = word
      const heard = await heardIn(found, clock.now())
      // Behind this answer: what it says was told is there.
      if (emptied) queueMicrotask(tellLost)
      return { told: Number(taken), heard }
    },
    async claim(act, forMs) {
      const reply = await redis.send('SET', `${prefix}claim:${act}`, run, 'NX', 'PX', String(Math.ceil(forMs)))
      return reply.kind === 'failed' || reply.value !== null
    },
    onLost(listener) {
      lost.add(listener)
      const end = redis.onReady(listener)
      return () => {
        lost.delete(listener)
        end()
      }
    },
  }
}
