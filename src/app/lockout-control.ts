import type { Evidence } from '../protection/lockout-rules.ts'
import { noOthersEvidence } from '../protection/shared-evidence.ts'
import type { CurrentLockouts } from '../state/current-lockouts.ts'
import { openLockoutSigning } from '../state/lockout-signing.ts'
import type { LockoutChange, Lockouts } from '../state/lockouts.ts'
import { openLockouts } from '../state/open-lockouts.ts'
import { openRedisEvidence } from '../state/redis-evidence.ts'
import { enforceLockouts, type Reached } from './enforce-lockouts.ts'
import { fanOutReport } from './fan-out-report.ts'
import type { Ground } from './ground.ts'
import { takeBackDoubles } from './lock-out-once.ts'
import { lockoutsByRule } from './lockouts-by-rule.ts'
import type { SharedState } from './shared-state.ts'
import { watchedByControl } from './watch-lockouts.ts'

/** What operators do with lockouts. */
export type SteeredLockouts = Pick<Lockouts, 'list' | 'add' | 'confirm' | 'release' | 'drill'>

/** Lockouts of this machine at work: known, enforced, made by rule. */
export interface LockoutControl {
  readonly lockouts: Lockouts
  /** For operators: what resolves is in force in every process of this machine. */
  readonly steered: SteeredLockouts
  /** Takes a piece of evidence and waits for nothing. */
  readonly suspected: (evidence: Evidence) => void
  /** Begins to enforce: from now on each change reaches the data path. `drill` asks each of its processes, where it is not in this one. */
  enforce(reach: (change: LockoutChange) => Promise<Reached>, drill?: () => Promise<unknown>): void
  /** Whether this process knows who is locked out now: after it stood still, as after a start, it asks the other nodes, within the settings' time. */
  readonly current: CurrentLockouts
  /** Waits, within the settings' time, for what other nodes have changed: before calls are taken. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

/** Opens them; `renewTickets` is asked at each block. Rejects with `LockoutsUnreadable`. */
export async function openLockoutControl(
  ground: Ground,
  { redis }: Pick<SharedState, 'redis'>,
  renewTickets: () => void,
): Promise<LockoutControl> {
  const { materials, metrics, logger, clock, dataDirectory, loaded } = ground
  const { config } = loaded
  const report = fanOutReport(metrics, logger)
  const inForce = () => materials().loaded.config.lockouts
  const { node } = config.audit
  /** Changes that some process has not put in force yet. */
  const reaching = new Set<Promise<void>>()
  let drillAll: () => Promise<unknown> = async () => undefined
  const processes = { reached: () => Promise.all(reaching), drill: () => drillAll() }
  const lockouts = await openLockouts(config.lockouts, { dataDirectory, node, clock, redis, report, inForce, processes })
  const signing = openLockoutSigning(config.lockouts, dataDirectory, () => inForce().verificationKeys)
  const shared = redis === undefined ? noOthersEvidence : openRedisEvidence({ redis, signing, node, clock, refused: report.refused })
  const byRule = lockoutsByRule({ ...ground, settings: () => materials().loaded.config.lockoutRules, lockouts, shared })
  takeBackDoubles(lockouts, node, logger)
  const catchUpMs = config.lockouts.catchUpSeconds * 1000
  async function catchUp(): Promise<void> {
    if (!(await lockouts.caughtUp(catchUpMs)))
      logger.error('calls are taken without what other nodes may have changed about lockouts: the shared store does not answer')
  }
  const current = watchedByControl(lockouts, catchUp, { clock, logger })
  metrics.gauge('ssp_lockouts', 'Lockouts by their state and effect.', ['state', 'effect'], (gauge) => {
    gauge.reset()
    for (const { state, effect } of lockouts.list()) gauge.labels(state, effect).inc()
  })
  async function everywhere<T>(change: Promise<T>): Promise<T> {
    const made = await change
    await processes.reached()
    return made
  }
  return {
    lockouts,
    steered: {
      list: lockouts.list,
      drill: lockouts.drill,
      add: (request, author) => everywhere(lockouts.add(request, author)),
      confirm: (id, actor) => everywhere(lockouts.confirm(id, actor)),
      release: (id, actor) => everywhere(lockouts.release(id, actor)),
    },
    suspected: byRule.suspected,
    enforce(reach, drill) {
      drillAll = drill ?? drillAll
      const enforced = enforceLockouts({ ...ground, reach, renewTickets })
      lockouts.onChange((change) => {
        const one = enforced(change).finally(() => reaching.delete(one))
        reaching.add(one)
      })
    },
    current,
    catchUp,
    close() {
      byRule.close()
      current.close()
      return lockouts.close()
    },
  }
}
