import { randomUUID } from 'node:crypto'
import { beatScript } from './lockout-scripts.ts'
import type { RedisConnection } from './redis-connection.ts'

/** How lockouts stand in Redis. */
export interface LockoutBeat {
  /** Another one where Redis began anew. */
  readonly incarnation: string
  /** How often they have changed there. */
  readonly sequence: number
  readonly records: number
  /** The nodes that live, this one among them. */
  readonly nodes: readonly string[]
  /** What its clock shows, ms since 1970. */
  readonly now: number
}

/** Says that this node lives and asks how things stand, in one operation; a text says why it could not. `livesMs`: how long others live without a word. */
export async function lockoutBeat(
  redis: Pick<RedisConnection, 'run'>,
  keys: readonly string[],
  node: string,
  livesMs: number,
): Promise<LockoutBeat | string> {
  const reply = await redis.run(beatScript, keys, [node, randomUUID(), String(livesMs)])
  if (reply.kind === 'failed') return reply.why
  if (!Array.isArray(reply.value)) return 'an answer that is none'
  const [incarnation, sequence, records, nodes, now] = reply.value as [string, string, string, string[], string]
  return { incarnation, sequence: Number(sequence) || 0, records: Number(records), nodes, now: Number(now) }
}
