import { IndexUnavailable } from '../audit/index/audit-index.ts'
import type { IndexThreadData } from '../audit/index/index-messages.ts'
import type { PartyLook } from '../audit/index/lookups.ts'
import { capacityGauges } from '../forwarding/capacity-metrics.ts'
import type { Circuits } from '../ops/ops-parts.ts'
import { type OpsServer, startOps } from '../ops/ops-server.ts'
import { keepAnnouncing } from './announcements.ts'
import { startValues } from './at-start-only.ts'
import { proofsDegraded } from './audit-gauges.ts'
import { operatorsFrom } from './compose.ts'
import type { DataSide } from './data-side.ts'
import type { Ground } from './ground.ts'
import { isRegistered } from './is-registered.ts'
import { printableConfig } from './load-config.ts'
import type { LockoutControl } from './lockout-control.ts'
import { dataAnchors } from './materials.ts'
import { openFinding } from './open-finding.ts'
import { openWitnessing, type PreparedWitnessing } from './open-witnessing.ts'
import { partyLooks } from './party-looks.ts'
import { programVersion } from './program-version.ts'
import { type ReadinessView, readinessOf } from './readiness.ts'
import { createReloading, type ReloadResult } from './reloading.ts'
import type { Revocation } from './revocation.ts'
import type { SharedState } from './shared-state.ts'
import type { StartedParts } from './started-parts.ts'
import { stateGauges } from './state-gauges.ts'
import { notingUnforeseen } from './unforeseen.ts'
import { type Watch, watchMaterials } from './watch-materials.ts'
import { workerGauges } from './worker-gauges.ts'

/** What the control of a machine's proxy is made of. */
export interface ControlParts {
  readonly environment: NodeJS.ProcessEnv
  readonly data: DataSide
  /** Circuits as operators steer them; what they held is held again before calls are taken. */
  readonly circuits: Circuits
  readonly locking: LockoutControl
  readonly shared: Pick<SharedState, 'degraded'>
  readonly revocation: Revocation
}

/** The operators' side of a machine's proxy: port and socket, readiness, reloads, metrics, announcements. */
export interface ControlPlane {
  readonly opsPort: number
  readonly socketPath: string
  reload(actor: string): Promise<ReloadResult>
  /** A party's look at one exchange. */
  readonly look: PartyLook
  /** Takes note of an error that reached nobody: logged and counted. */
  unforeseen(error: unknown): void
  /** From now on readiness says that no calls are taken; recorded. */
  draining(): Promise<void>
}

/** What a look is told until the index is open. */
export function indexNotOpen(): Promise<never> {
  return Promise.reject(new IndexUnavailable('the index is not open yet'))
}

/** Opens it over a data path that takes calls already. Rejects with what the operators' port rejects with. */
export async function openControlPlane(ground: Ground, parts: ControlParts, { add: started }: StartedParts): Promise<ControlPlane> {
  const { loaded, materials, metrics, expiry, logger, clock, record } = ground
  const { data, locking, shared, revocation } = parts
  const unforeseen = notingUnforeseen(metrics, logger)
  let draining = false
  let ops: OpsServer | undefined
  let watch: Watch | undefined
  const act = async (...[actor, what, detail]: Parameters<typeof record>) => void (await record(actor, what, detail))
  const finding = started(openFinding(loaded, { ...ground, record: act }), (open) => open.close())
  const witnessing = started(openWitnessing(ground), (open) => open.close())
  const view = (): ReadinessView => ({
    ...{ materials: materials(), audit: data.audit, finding, draining: draining || !data.serving, lockouts: locking.lockouts },
    ...{ shared, capacity: data.capacity, degraded: [...data.degraded, ...proofsDegraded(ground.audit.proofs), ...witnessing.degraded] },
    lastReload: reloading.last,
    revocation: revocation.state,
    operators: ops?.certificates ?? [],
  })
  let index: IndexThreadData | undefined
  let witnesses: PreparedWitnessing | undefined
  const reloading = createReloading({
    ...{ file: loaded.file, environment: parts.environment, atStart: startValues(loaded.config), inForce: materials, logger, clock },
    async prepare(again, next) {
      index = finding.prepare(again)
      witnesses = witnessing.prepare(again)
      await data.prepare(next)
      try {
        await ops?.reload(operatorsFrom(again), dataAnchors(next))
      } catch (error) {
        data.abandon()
        throw error
      }
    },
    async swap(next) {
      await data.swap(next)
      if (index !== undefined) finding.follow(index)
      if (witnesses !== undefined) witnessing.follow(witnesses)
      watch?.follow()
      showExpiries()
    },
    record: (actor, act, detail) => record(actor, act, { detail }),
  })
  const { reload } = reloading

  function showExpiries(): void {
    const { server, client, trust } = materials()
    expiry.own('server', [server, ...server.issuers])
    expiry.own('client', [client, ...client.issuers])
    expiry.own('operators', ops?.certificates ?? [])
    expiry.own('anchor', trust.certificates)
  }

  ops = started(
    await startOps(
      {
        version: programVersion(),
        metrics: { ...metrics, text: data.metricsPage },
        expiry,
        lockouts: locking.steered,
        isRegistered: (selector) => isRegistered(selector, materials().registry),
        circuits: parts.circuits,
        readiness: () => readinessOf(view(), clock),
        reload,
        effectiveConfig: () => printableConfig(materials().loaded.config),
        act,
        lookups: finding.lookups,
        witness: witnessing.witness,
        unforeseen: (error, route) =>
          logger.error({ route, error: error instanceof Error ? error.message : 'unknown' }, 'unforeseen on the operators’ leg'),
      },
      operatorsFrom(loaded),
      { dataDirectory: ground.dataDirectory, clock, dataAnchors: dataAnchors(materials()) },
    ),
    (open) => open.close(),
  )
  const server = ops
  workerGauges(metrics, () => data.workers)
  stateGauges(metrics, view, () => data.connections, clock)
  capacityGauges(metrics, data.capacity.states)
  showExpiries()
  watch = started(watchMaterials(materials, reload, logger), async (open) => open.close())
  await record('process', 'start', { version: programVersion().version, settings: loaded.version, registry: materials().registry.version })
  const { observed } = readinessOf(view(), clock)
  if (observed.length > 0) logger.warn(`only observing, not enforcing: ${observed.join(', ')}`)
  logger.info({ data: data.port, operators: server.port, environment: loaded.config.environment }, 'calls are taken')
  started(
    keepAnnouncing(logger, () => readinessOf(view(), clock), clock),
    async (timer) => clearInterval(timer),
  )
  return {
    get opsPort() {
      return server.port
    },
    socketPath: server.socketPath,
    reload,
    look: partyLooks(finding.lookups),
    unforeseen,
    async draining() {
      draining = true
      await record('process', 'stop', {}).catch(() => undefined)
    },
  }
}
