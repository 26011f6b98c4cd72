import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openAuditTrail } from '../audit/trail.ts'
import { createDialGuard } from '../forwarding/dial-guard.ts'
import { createProvenConnections } from '../forwarding/proven-connections.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Listener } from '../listener/tls-listener.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createExpiryGauges } from '../ops/expiry-gauges.ts'
import type { OpsServer } from '../ops/ops-server.ts'
import { startOps } from '../ops/ops-server.ts'
import { openKeptCrls } from '../pki/kept-crls.ts'
import { createTicketKeys } from '../pki/ticket-keys.ts'
import { fetchedOf, withRevocations } from '../pki/trust-store.ts'
import { type ExchangeParts, exchange } from '../proxy/exchange.ts'
import { allOf, exchangeLog } from '../proxy/exchange-log.ts'
import { exchangeMetrics } from '../proxy/exchange-metrics.ts'
import { keepAnnouncing } from './announcements.ts'
import { composeExchange, composeForwarding, operatorsFrom } from './compose.ts'
import { composeCapacity } from './compose-capacity.ts'
import { openConsumersPort } from './consumers-port.ts'
import { drainPort } from './drain-port.ts'
import { type LoadedConfig, printableConfig } from './load-config.ts'
import { openLockoutParts } from './lockout-parts.ts'
import { dataAnchors, loadMaterials } from './materials.ts'
import { createMayNotDial } from './may-not-dial.ts'
import { programVersion } from './program-version.ts'
import { type ReadinessView, readinessOf } from './readiness.ts'
import { createReloading, type ReloadResult } from './reloading.ts'
import { createRevocation } from './revocation.ts'
import { openSharedState } from './shared-state.ts'
import { startRefused } from './start-refused.ts'
import { createStartedParts, type StartedParts } from './started-parts.ts'
import { stateGauges } from './state-gauges.ts'
import { type Watch, watchMaterials } from './watch-materials.ts'

/** A running proxy. */
export interface RunningProxy {
  readonly dataPort: number
  readonly opsPort: number
  readonly socketPath: string
  /** Reads settings, certificates, lists and registry anew: whole, or not at all. */
  reload(actor: string): Promise<ReloadResult>
  /** Takes note of an error that reached nobody: logged and counted; the process lives, and calls go on. */
  unforeseen(error: unknown): void
  /** Drains and stops, in reverse order of the start. Once. */
  close(): Promise<void>
}

const ticketRotationMs = 3_600_000

/** Starts everything in order. Rejects with `StartRefused` or `ConfigRejected`, with nothing left running. */
export async function startLifecycle(
  loaded: LoadedConfig,
  environment: NodeJS.ProcessEnv,
  logger: Logger,
  clock: Clock = systemClock,
): Promise<RunningProxy> {
  const parts = createStartedParts()
  try {
    return await start(loaded, environment, logger, clock, parts)
  } catch (error) {
    await parts.stopAll()
    throw startRefused(error, 'start')
  }
}

async function start(
  loaded: LoadedConfig,
  environment: NodeJS.ProcessEnv,
  logger: Logger,
  clock: Clock,
  { add: started, stopAll }: StartedParts,
): Promise<RunningProxy> {
  const { config, baseDir } = loaded
  const ticketKeys = createTicketKeys()
  const renewTickets = (): void => {
    ticketKeys.rotate()
    listener?.renew()
  }
  const dataDirectory = resolve(baseDir, config.dataDirectory)
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const kept = await openKeptCrls(join(dataDirectory, 'crl'))
  let materials = await loadMaterials(loaded, { first: { onIssuersForgotten: renewTickets, keptCrls: kept.found } })
  let draining = false

  const audit = started(await openAuditTrail(config.audit, dataDirectory, { clock }), (trail) => trail.close())
  const record = (actor: string, act: string, detail: Readonly<Record<string, string | number | boolean>>) =>
    audit.operation({ type: 'operation', v: 1, at: clock.now(), actor, act, detail })
  const metrics = createMetrics()
  const telling = { audit, metrics, logger, clock }
  const shared = started(openSharedState(loaded, { metrics, logger, clock }), (state) => state.close())
  const expiry = createExpiryGauges(metrics, (fqdn) => materials.registry.hosts.has(fqdn) || materials.registry.partyKeysOf(fqdn).size > 0)
  const ownPorts = (): readonly number[] => [listener?.port ?? 0, ops?.port ?? 0]
  const proven = createProvenConnections()
  const cutConsumers: Listener['cut'] = (why) => listener?.cut(why) ?? 0
  const revocation = started(
    createRevocation({
      settings: () => materials.loaded.config.trust,
      trust: () => materials.trust,
      replace: (trust) => {
        materials = { ...materials, trust }
      },
      kept,
      mayNotDial: createMayNotDial(createDialGuard(config.forwarding.allowedNetworks), ownPorts),
      renewTickets,
      cutConsumers,
      cutProviders: proven.cut,
      audit,
      metrics,
      logger,
      clock,
    }),
    async (one) => one.close(),
  )
  const capacity = composeCapacity(config, metrics, clock)
  const forwarding = started(
    composeForwarding(config, { materials: () => materials, trust: revocation.trust, proven, clock, expiry, capacity, ownPorts }),
    (leg) => leg.close(),
  )
  const locking = started(
    await openLockoutParts({ dataDirectory, materials: () => materials, shared, cutConsumers, renewTickets, ...telling }),
    (open) => open.close(),
  )
  const { lockouts, inFlight } = locking
  const observer = allOf([exchangeMetrics(metrics), exchangeLog(logger, clock), locking.observer])
  const view = (): ReadinessView => ({
    ...{ materials, audit, draining, shared, lockouts },
    lastReload: reloading.last,
    revocation: revocation.state,
    operators: ops?.certificates ?? [],
  })
  const compose = (): ExchangeParts =>
    composeExchange(materials, { audit, forwarding, lockouts, inFlight, allowances: shared.allowances, observer, clock })
  let parts = compose()
  const unforeseenErrors = metrics.counter('ssp_unforeseen_errors_total', 'Errors that nobody foresaw and no call was refused for.')
  let listener: Listener | undefined
  let ops: OpsServer | undefined
  let watch: Watch | undefined

  const reloading = createReloading({
    file: loaded.file,
    environment,
    inForce: () => materials,
    prepare: async (again, next) => ops?.reload(operatorsFrom(again), dataAnchors(next)),
    swap(next) {
      const before = materials.trust
      // What was fetched while the files were read is not lost.
      materials = { ...next, trust: withRevocations(next.trust, fetchedOf(before)) }
      watch?.follow()
      parts = compose()
      revocation.enforce(before, materials.trust)
      void revocation.refresh()
      showExpiries()
    },
    record: (actor, act, detail) => record(actor, act, { detail }),
    logger,
    clock,
  })
  const { reload } = reloading

  function showExpiries(): void {
    expiry.own('server', [materials.server, ...materials.server.issuers])
    expiry.own('client', [materials.client, ...materials.client.issuers])
    expiry.own('operators', ops?.certificates ?? [])
    expiry.own('anchor', materials.trust.certificates)
  }

  await revocation.start()
  await locking.catchUp()
  listener = started(
    await openConsumersPort(config.listener, {
      trust: revocation.trust,
      registry: () => materials.registry,
      certificate: () => materials.server,
      ticketKeys,
      clock,
      exchange: locking.slowed((arrival, leg) => exchange(arrival, leg, parts)),
      metrics,
      expiry,
      logger,
    }),
    (open) => open.drain(0),
  )
  const rotation = setInterval(renewTickets, ticketRotationMs)
  rotation.unref()
  started(rotation, async (timer) => clearInterval(timer))

  ops = started(
    await startOps(
      {
        version: programVersion(),
        metrics,
        expiry,
        lockouts,
        readiness: () => readinessOf(view(), clock),
        reload,
        effectiveConfig: () => printableConfig(materials.loaded.config),
        act: async (actor, act, detail) => {
          await record(actor, act, detail)
        },
        unforeseen: (error, route) =>
          logger.error({ route, error: error instanceof Error ? error.message : 'unknown' }, 'unforeseen on the operators’ leg'),
      },
      operatorsFrom(loaded),
      { dataDirectory, clock, dataAnchors: dataAnchors(materials) },
    ),
    (open) => open.close(),
  )
  stateGauges(metrics, view, () => listener?.connections ?? 0, clock)
  showExpiries()
  watch = started(
    watchMaterials(() => materials, reload, logger),
    async (open) => open.close(),
  )
  await record('process', 'start', { version: programVersion().version, settings: loaded.version, registry: materials.registry.version })
  const { observed } = readinessOf(view(), clock)
  if (observed.length > 0) logger.warn(`only observing, not enforcing: ${observed.join(', ')}`)
  logger.info({ data: listener.port, operators: ops.port, environment: config.environment }, 'calls are taken')
  started(
    keepAnnouncing(logger, () => readinessOf(view(), clock), clock),
    async (timer) => clearInterval(timer),
  )
  return {
    dataPort: listener.port,
    opsPort: ops.port,
    socketPath: ops.socketPath,
    reload,
    unforeseen(error) {
      unforeseenErrors.inc()
      logger.fatal(
        { error: error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown' },
        'unforeseen',
      )
    },
    async close() {
      if (draining) return
      draining = true
      await record('process', 'stop', {}).catch(() => undefined)
      await drainPort(listener, materials.loaded.config.listener, logger)
      await stopAll()
      logger.info('stopped')
    },
  }
}
