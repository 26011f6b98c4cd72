import { generateKeyPairSync } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { createEvidenceSharing, type EvidenceSharing } from '../../src/protection/evidence-sharing.ts'
import { type LockoutRuleSettings, lockoutRuleSettings } from '../../src/protection/lockout-rule-settings.ts'
import { createLockoutRules, type Evidence, type Judgement, type LockoutRules } from '../../src/protection/lockout-rules.ts'
import { noOthersEvidence, type SharedEvidence } from '../../src/protection/shared-evidence.ts'
import { openLockoutSigning } from '../../src/state/lockout-signing.ts'
import { openRedisConnection, type RedisConnection } from '../../src/state/redis-connection.ts'
import { openRedisEvidence } from '../../src/state/redis-evidence.ts'
import { type RedisSettings, redisSettings } from '../../src/state/state-settings.ts'
import { evidenceStore } from './evidence-store.ts'
import { until } from './until.ts'

/** One node of several, as far as evidence goes. */
export interface EvidenceNode extends EvidenceSharing {
  readonly name: string
  readonly rules: LockoutRules
  readonly shared: SharedEvidence
  /** What its rules came to. */
  readonly judged: Judgement[]
  /** What stood in Redis and nobody had signed. */
  readonly refused: string[]
  readonly redis?: RedisConnection
  /** Resolves once the others have been told all. */
  settled(): Promise<unknown>
  end(): Promise<void>
}

/** Rules of one that counts wrong ASIDs, and refusals. */
export function oneRule(more: object = {}, settings: object = {}): LockoutRuleSettings {
  const counts = { 'wrong-asid': 1, 'refused-by-provider': 1 }
  return lockoutRuleSettings.parse({ rules: [{ name: 'test', counts, stage: 'block', slowAt: 9, blockAt: 9, ...more }], ...settings })
}

/** Evidence against one certificate, of the same name each time that the number is the same. */
export function evidenceAgainst(nth: number, exchange: string, more: Partial<Evidence> = {}): Evidence {
  const suspect = { kind: 'certificate', value: String(nth).padStart(64, '0'), onlyObserve: false } as const
  return { suspicion: 'wrong-asid', suspect, exchange, ...more }
}

function nodeOn(name: string, settings: LockoutRuleSettings, shared: SharedEvidence): Omit<EvidenceNode, 'end'> {
  const rules = createLockoutRules(settings)
  const judged: Judgement[] = []
  const kept = { keepMs: 2_000 * Math.max(...settings.rules.map(({ windowSeconds }) => windowSeconds)), most: settings.maxIdentities }
  const sharing = createEvidenceSharing({
    rules: () => rules,
    kept: () => kept,
    shared,
    elapsed: systemClock.elapsed,
    judged: (one) => judged.push(one),
  })
  return {
    ...{ ...sharing, name, rules, shared, judged, refused: [] },
    settled: () => until(`${name} has told all`, () => !shared.shared || rules.untold === 0),
  }
}

/** A node that is alone. */
export function loneEvidenceNode(settings: LockoutRuleSettings): EvidenceNode {
  const node = nodeOn('node1', settings, noOthersEvidence)
  return { ...node, end: async () => node.close() }
}

/** Nodes that share a store in memory. */
export function evidenceNodesInMemory(count: number, settings: LockoutRuleSettings): readonly EvidenceNode[] {
  const store = evidenceStore(systemClock.elapsed)
  return Array.from({ length: count }, (_, at) => {
    const node = nodeOn(`node${at + 1}`, settings, store.seenBy(`node${at + 1}`))
    return { ...node, end: async () => node.close() }
  })
}

/** Nodes that share a Redis, each by its own settings and with its own key; each knows those of the others. Resolves once it answers all. */
export async function evidenceNodes(
  each: readonly Partial<RedisSettings>[],
  settings: LockoutRuleSettings,
): Promise<readonly EvidenceNode[]> {
  const keys = each.map(() => generateKeyPairSync('ed25519'))
  const verificationKeys = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const nodes = each.map((redis, at) => {
    const signingKey = keys[at]?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? ''
    return redisNode(`node${at + 1}`, redis, settings, { signingKey, verificationKeys })
  })
  await until('redis answers all', () => nodes.every(({ redis }) => redis?.health.ok === true))
  return nodes
}

function redisNode(
  name: string,
  reached: Partial<RedisSettings>,
  settings: LockoutRuleSettings,
  keys: { readonly signingKey: string; readonly verificationKeys: string[] },
): EvidenceNode {
  const redis = openRedisConnection(redisSettings.parse({ commandTimeoutMs: 1_000, connectTimeoutMs: 500, ...reached }), {
    tls: () => undefined,
    clock: systemClock,
    changed: () => undefined,
  })
  const refused: string[] = []
  const signing = openLockoutSigning(keys, '', () => keys.verificationKeys)
  const shared = openRedisEvidence({ redis, signing, node: name, clock: systemClock, refused: (why) => refused.push(why) })
  const node = nodeOn(name, settings, shared)
  return {
    ...node,
    ...{ redis, refused },
    async end() {
      node.close()
      await redis.close()
    },
  }
}
