import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { capacityRules } from '../forwarding/gate-rules.ts'
import type { CircuitAct } from '../forwarding/gate-state.ts'
import { mergeGates, withHolds } from '../forwarding/merge-gates.ts'
import { countsOf, mergedPage } from '../metrics/merged-page.ts'
import type { MetricSnapshot } from '../metrics/metrics.ts'
import { createMachineBuckets } from '../protection/machine-buckets.ts'
import { createKnownCircuits } from '../workers/known-circuits.ts'
import { lookedBy } from '../workers/looks.ts'
import { createMachineLending } from '../workers/machine-lending.ts'
import { createMachinePlaces } from '../workers/machine-places.ts'
import type { FetchedList, FromWorker, WorkerStart } from '../workers/messages.ts'
import { createWorkerSet, degradedWorkers, refusalsAmong } from '../workers/worker-set.ts'
import { startValues } from './at-start-only.ts'
import { cutInAll } from './enforce-lockouts.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Ground } from './ground.ts'
import type { PoolParts, WorkerPool } from './pool-parts.ts'

const answerMs = 10_000
const reloadMs = 120_000
/** Beyond what the settings give calls to end: for what is still to be written. */
const lastMs = 15_000
/** The counts of a worker that dies are lost since they were last asked for. */
const countMs = 5_000

/** Makes it; nothing runs before `start`. */
export function createWorkerPool(ground: Ground, parts: PoolParts): WorkerPool {
  const { loaded, metrics, logger, clock, audit, materials } = ground
  const { config } = loaded
  const atStart = startValues(config)
  const names = Array.from({ length: parts.count }, (_, at) => `w${at + 1}`)
  const buckets = createMachineBuckets(clock.elapsed)
  const rules = () => {
    const { capacity, breaker, connectionsPerProvider } = materials().loaded.config.forwarding
    return capacityRules(capacity, breaker, connectionsPerProvider)
  }
  const places = createMachinePlaces({
    ...{ workers: names, rules: rules(), now: clock.elapsed },
    tell: (name, leases) => set.tellOne(name, { type: 'places', leases }),
  })
  const lending = createMachineLending(names, (name, notice) => set.tellOne(name, { type: 'quota', notice }))
  const lists = new Map<string, FetchedList>()
  const held = new Map<string, CircuitAct>()
  const circuits = createKnownCircuits(clock.elapsed)
  const counted = new Map<string, readonly MetricSnapshot[]>()
  let departed: readonly MetricSnapshot[] = []
  let departing: Promise<unknown> = Promise.resolve()
  let port = 0
  let lost = 0
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

  const set = createWorkerSet({
    names,
    module: fileURLToPath(new URL(`./worker-process${extension}`, import.meta.url)),
    logger,
    heard,
    greeting: (name): WorkerStart => ({
      ...{
        type: 'start',
        name,
        nth: names.indexOf(name),
        among: parts.count,
        configPath: loaded.file,
        fingerprint: fingerprintOf(materials()),
        atStart,
        ticketKey: parts.ticketKey(),
      },
      ...{ lockouts: parts.lockouts(), lists: [...lists.values()], held: [...held], ownPorts: [parts.opsPort()] },
      ...{ places: places.began(name), quotas: lending.began(name), turns: circuits.open() },
    }),
    lost(name) {
      lost++
      places.lost(name)
      lending.lost(name)
      const last = counted.get(name)
      counted.delete(name)
      if (last === undefined) return
      departing = departing.then(async () => {
        departed = await countsOf([departed, last])
      })
    },
  })

  function heard(name: string, message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        logger.info({ worker: name, audit: join(config.audit.node, name) }, 'a worker takes calls')
        // Issuers that the others remember are not known to it: tickets that need them must not be tried in vain.
        if (port !== 0) parts.renewTickets()
        if (port !== 0 && message.fingerprint !== fingerprintOf(materials())) parts.differs()
        return
      case 'suspected':
        for (const evidence of message.evidence) parts.suspected(evidence)
        return
      case 'lease':
        set.tellOne(name, { type: 'leased', lease: message.lease, grants: buckets.lease(message.asks) })
        return
      case 'places':
        places.told(name, message.needs)
        return
      case 'borrow':
      case 'gave':
        lending.heard(name, message)
        return
      case 'look':
        void lookedBy(parts.look, message).then((looked) => set.tellOne(name, { type: 'looked', look: message.look, looked }))
        return
      case 'ask-lockouts':
        void parts.current().then(() => set.tellOne(name, { type: 'told-lockouts', question: message.question }))
        return
      case 'renew-tickets':
        parts.renewTickets()
        return
      case 'turned':
        circuits.told(message.turn)
        set.tell(message, name)
        return
      case 'issuers':
        set.tell(message, name)
        return
      case 'failed':
      case 'answer':
      case 'report':
    }
  }

  async function countWorkers(): Promise<void> {
    for (const { name, answer } of await set.ask({ type: 'metrics' }, answerMs))
      if (answer.type === 'metrics') counted.set(name, answer.metrics)
  }
  const counting = setInterval(() => void countWorkers(), countMs)
  counting.unref()

  const reports = () => set.states.flatMap(({ name, report }) => (report === undefined ? [] : [{ name, ...report }]))
  const faulty = () => reports().find(({ unwritable }) => unwritable !== undefined)

  return {
    get port() {
      return port
    },
    get connections() {
      return reports().reduce((sum, { connections }) => sum + connections, 0)
    },
    get serving() {
      return set.states.some(({ ready }) => ready)
    },
    get workers() {
      const ready = set.states.filter((one) => one.ready).length
      return { ready, missing: parts.count - ready, lost }
    },
    get degraded() {
      return degradedWorkers(set.states)
    },
    audit: {
      get health() {
        const fault = faulty()
        return fault === undefined ? audit.health : { writable: false, reason: `worker ${fault.name}: ${fault.unwritable}` }
      },
      get open() {
        return reports().reduce((sum, { open }) => sum + open, audit.open)
      },
    },
    capacity: {
      get observing() {
        return rules().observing
      },
      states: () => withHolds(mergeGates(reports().flatMap(({ gates }) => gates)), held),
      hold(host, act) {
        if (act !== 'release' || held.has(host)) circuits.held(host)
        if (act === 'release') held.delete(host)
        else held.set(host, act)
        set.tell({ type: 'hold', host, act })
      },
    },
    async start() {
      port = await set.start()
    },
    async prepare(next) {
      const answers = await set.ask({ type: 'prepare' }, reloadMs)
      const refusals = refusalsAmong(answers, fingerprintOf(next))
      if (refusals.length === 0) return
      set.tell({ type: 'abandon' })
      throw new Error(refusals.join('; '))
    },
    abandon: () => set.tell({ type: 'abandon' }),
    async swap(next) {
      parts.swapHere(next)
      places.follow(rules())
      const own = fingerprintOf(materials())
      const answers = await set.ask({ type: 'swap' }, answerMs)
      for (const { answer } of answers) if (answer.type === 'swapped') port = answer.port
      set.tell({ type: 'own-ports', ports: [parts.opsPort()] })
      // One that began meanwhile may have read what came before.
      if (answers.some(({ answer }) => answer.type === 'swapped' && answer.fingerprint !== own)) parts.differs()
    },
    async metricsPage(accept) {
      await Promise.all([countWorkers(), departing])
      return mergedPage([await metrics.snapshot(), departed, ...counted.values()], accept)
    },
    renewTickets: (key) => set.tell({ type: 'tickets', key }),
    takeList(list) {
      lists.set(list.url, list)
      set.tell({ type: 'list', list })
    },
    async reach(change) {
      const answers = await set.ask({ type: 'lockout', change }, answerMs)
      return cutInAll(answers.flatMap(({ answer }) => (answer.type === 'reached' ? [answer] : [])))
    },
    drill: () => set.ask({ type: 'drill' }, answerMs),
    tellOwnPorts: () => set.tell({ type: 'own-ports', ports: [parts.opsPort()] }),
    async drain() {
      const { drainNoticeSeconds, drainSeconds } = materials().loaded.config.listener
      await set.drain((drainNoticeSeconds + drainSeconds) * 1000 + lastMs)
    },
    async close() {
      clearInterval(counting)
      places.close()
      lending.close()
      await set.close()
    },
  }
}
