import { systemClock } from '../lib/clock.ts'
import { collectSeldom } from '../lib/collector.ts'
import { type Logger, openLog } from '../lib/logger.ts'
import { createLentQuotas, type LentQuotas } from '../protection/lent-quotas.ts'
import type { QuotaNotice } from '../protection/quota.ts'
import type { CurrentLockouts } from '../state/current-lockouts.ts'
import { createLockoutMirror, type LockoutMirror } from '../state/lockout-mirror.ts'
import { type ControlLine, openControlLine } from '../workers/control-line.ts'
import { createLeasedPlaces, type LeasedPlaces } from '../workers/leased-places.ts'
import type { Answer, Question, ToWorker, WorkerStart } from '../workers/messages.ts'
import { proofsDegraded } from './audit-gauges.ts'
import { composeDataPlane, type DataPlane } from './data-plane.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Ground, layGround } from './ground.ts'
import { loadMaterials, type Materials } from './materials.ts'
import { createSharedIssuers, type SharedIssuers } from './shared-issuers.ts'
import { type MachineLimits, openSharedState, type SharedState } from './shared-state.ts'
import { createStartedParts } from './started-parts.ts'
import { notingUnforeseen } from './unforeseen.ts'
import { watchedByWorker } from './watch-lockouts.ts'
import { workerSettings } from './worker-settings.ts'

const reportMs = 200
const clock = systemClock
const parts = createStartedParts()

/** What is known from the first message on, before anything has started. */
interface Told {
  readonly start: WorkerStart
  readonly lockouts: LockoutMirror
  readonly issuers: SharedIssuers
  readonly places: LeasedPlaces
  ticketKey: Buffer
  ownPorts: readonly number[]
}

interface Running {
  readonly ground: Ground
  readonly plane: DataPlane
  readonly shared: SharedState
  readonly quotas: LentQuotas
  readonly current: CurrentLockouts
  readonly logger: Logger
}

let told: Told | undefined
let running: Running | undefined
/** What arrived while the data path was being composed and only it can take. */
const early: ((to: Running) => void)[] = []
let prepared: Materials | undefined
const begun = Promise.withResolvers<Running>()

const line: ControlLine = openControlLine(hear)
// The control process says when to end: a signal to the whole group is for it alone. SIGUSR1, unheard, would open Node's debugger to every user of the machine.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => undefined)

function hear(message: ToWorker): void {
  if (message.type === 'start') {
    begin(message)
    return
  }
  if (told === undefined) return
  running?.current.heard()
  switch (message.type) {
    case 'ask':
      void answerTo(message.question, told).then((answer) => line.send({ type: 'answer', id: message.id, answer }))
      return
    case 'tickets':
      told.ticketKey = Buffer.from(message.key)
      running?.plane.renew()
      return
    case 'issuers':
      told.issuers.learn(message)
      return
    case 'places':
      told.places.take(message.leases)
      return
    case 'quota':
      takeQuota(message.notice)
      return
    case 'own-ports':
      told.ownPorts = message.ports
      return
    case 'list':
      whenRunning(({ plane, logger }) => takeList(plane, logger, message.list))
      return
    case 'hold':
      whenRunning(({ plane }) => plane.capacity.hold(message.host, message.act))
      return
    case 'turned':
      whenRunning(({ plane }) => plane.capacity.adopt(message.turn))
      return
    case 'abandon':
      prepared = undefined
      running?.plane.abandon()
      return
    case 'drain':
      void drain()
      return
    case 'leased':
    case 'looked':
    case 'told-lockouts':
  }
}

function whenRunning(act: (to: Running) => void): void {
  if (running === undefined) early.push(act)
  else act(running)
}

/** What is held of a quota while nothing runs yet is not used: all of it can be given up. */
function takeQuota(notice: QuotaNotice): void {
  if ('holds' in notice) whenRunning(({ quotas }) => quotas.take(notice.holds, clock.elapsed()))
  else if (running !== undefined) line.send({ type: 'gave', held: running.quotas.giveUp(notice.recall) })
  else {
    const { need: _need, keep: _keep, ...quota } = notice.recall
    const held = { ...quota, held: 0 }
    early.push(({ quotas }) => quotas.take(held, clock.elapsed()))
    line.send({ type: 'gave', held })
  }
}

function takeList(plane: DataPlane, logger: Logger, { der, url }: { readonly der: Uint8Array; readonly url: string }): void {
  try {
    plane.revocation.take(Buffer.from(der), url)
  } catch (error) {
    logger.error({ url, error: String(error) }, 'a revocation list that was fetched for all workers is refused here')
  }
}

function begin(start: WorkerStart): void {
  const issuers = createSharedIssuers(line.send, () => line.send({ type: 'renew-tickets' }))
  const lockouts = createLockoutMirror(start.lockouts, clock)
  const { nth, among, ownPorts } = start
  const tellNeeds: Parameters<typeof createLeasedPlaces>[0]['send'] = (needs) => line.send({ type: 'places', needs })
  const places = parts.add(createLeasedPlaces({ nth, among, send: tellNeeds, now: clock.elapsed }), async (open) => open.close())
  places.take(start.places)
  const known: Told = { start, lockouts, issuers, places, ticketKey: Buffer.from(start.ticketKey), ownPorts }
  told = known
  run(known).catch(async (error: unknown) => {
    const why = error instanceof Error ? error.message : 'unknown'
    await parts.stopAll()
    process.send?.({ type: 'failed', why }, undefined, {}, () => process.exit(1))
  })
}

async function run(known: Told): Promise<void> {
  const { start, lockouts, issuers } = known
  const { name, nth, among } = start
  const loaded = await workerSettings(start)
  const log = openLog(loaded.config.logging, { worker: name })
  const { logger } = log
  const renewTickets = (): void => line.send({ type: 'renew-tickets' })
  const options = { log, clock, worker: name, issuerMemory: issuers.memory, onIssuersForgotten: renewTickets }
  const ground = await layGround(loaded, options, parts)
  // Only a reload may bring in other files than those in force: it judges them against what was before, and all workers follow it or none.
  if (fingerprintOf(ground.materials()) !== start.fingerprint)
    throw new Error('what the files hold is not what is in force: it begins once a reload has taken them')
  let nodes = (): number => among
  const quotas = createLentQuotas({ nth, among, machines: () => Math.ceil(nodes() / among) }, line.quotas)
  const limits: MachineLimits = {
    buckets: line.buckets(among),
    quotas(ofAll) {
      nodes = ofAll
      return quotas
    },
  }
  const shared = parts.add(openSharedState(loaded, ground, limits), (state) => state.close())
  const current = parts.add(watchedByWorker(line.lockoutsTold, { clock, logger }), async (one) => one.close())
  const plane = composeDataPlane(
    ground,
    {
      ticketKeys: { current: () => Buffer.from(known.ticketKey) },
      ...{ renewTickets, lockouts, current, allowances: shared.allowances, suspected: line.suspected },
      ownPorts: () => [...(running?.plane.ports ?? []), ...known.ownPorts],
      lists: { fetches: false },
      look: line.look,
      capacity: { among, turned: (turn) => line.send({ type: 'turned', turn }), leases: known.places },
    },
    parts,
  )
  process.on('uncaughtException', notingUnforeseen(ground.metrics, logger))
  const made: Running = { ground, plane, shared, quotas, current, logger }
  running = made
  for (const list of start.lists) takeList(plane, logger, list)
  for (const held of start.quotas) quotas.take(held, clock.elapsed())
  for (const turn of start.turns) plane.capacity.adopt(turn)
  for (const [host, act] of start.held) plane.capacity.hold(host, act)
  for (const act of early.splice(0)) act(made)
  collectSeldom()
  await plane.open()
  begun.resolve(made)
  parts.add(setInterval(() => report(made), reportMs).unref(), async (timer) => clearInterval(timer))
  report(made)
  line.send({ type: 'ready', port: plane.port, fingerprint: fingerprintOf(ground.materials()) })
}

function report({ ground, plane, shared }: Running): void {
  const { health, open, proofs } = ground.audit
  const degraded = [...(shared.degraded === undefined ? [] : [shared.degraded]), ...proofsDegraded(proofs)]
  line.send({
    type: 'report',
    connections: plane.connections,
    open,
    unwritable: health.writable ? undefined : (health.reason ?? 'not writable'),
    degraded: degraded.length === 0 ? undefined : degraded.join('; '),
    gates: plane.capacity.states(),
  })
}

async function answerTo(question: Question, known: Told): Promise<Answer> {
  switch (question.type) {
    case 'lockout':
      known.lockouts.take(question.change.lockout)
      return { type: 'reached', ...(running?.plane.reach(question.change) ?? { cutConnections: 0, cutExchanges: 0 }) }
    case 'drill':
      return { type: 'drilled' }
    case 'prepare':
      return prepare(known)
    case 'swap': {
      if (running === undefined) return { type: 'refused', why: 'it has not started' }
      const next = prepared
      prepared = undefined
      if (next !== undefined) running.plane.swap(next)
      return { type: 'swapped', fingerprint: fingerprintOf(running.ground.materials()), port: running.plane.port }
    }
    case 'metrics':
      return { type: 'metrics', metrics: (await running?.ground.metrics.snapshot()) ?? [] }
  }
}

/** Where it is only beginning, it answers once it has begun; one that cannot begin ends, and is left out. */
async function prepare({ start }: Told): Promise<Answer> {
  const { ground, plane } = await begun.promise
  try {
    const next = await loadMaterials(await workerSettings(start), { previous: ground.materials() })
    await plane.prepare(next)
    prepared = next
    return { type: 'prepared', fingerprint: fingerprintOf(next) }
  } catch (error) {
    return { type: 'refused', why: error instanceof Error ? error.message : 'unknown' }
  }
}

async function drain(): Promise<void> {
  await running?.plane.drain()
  await parts.stopAll()
  process.exit(0)
}
