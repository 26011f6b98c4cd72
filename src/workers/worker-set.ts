import cluster, { type Worker } from 'node:cluster'
import { lateAfter } from '../lib/deadline.ts'
import type { Logger } from '../lib/logger.ts'
import { closeWithWorker } from './handed-over.ts'
import type { Answer, FromWorker, Notice, Question, ToWorker, WorkerReport, WorkerStart } from './messages.ts'

/** One worker as it stands now. */
export interface WorkerState {
  readonly name: string
  readonly pid: number | undefined
  /** It takes calls. */
  readonly ready: boolean
  readonly report: WorkerReport | undefined
}

/** What is not as it should be with workers, in words. */
export function degradedWorkers(states: readonly WorkerState[]): readonly string[] {
  const missing = states.filter(({ ready }) => !ready).map(({ name }) => name)
  return [
    ...(missing.length === 0 ? [] : [`workers: ${missing.length} of ${states.length} take no calls: ${missing.join(', ')}`]),
    ...states.flatMap(({ name, report }) => (report?.degraded === undefined ? [] : [`worker ${name}: ${report.degraded}`])),
  ]
}

/** Why workers do not follow a reload, in words: they refuse it, or have read other files than whoever has this fingerprint of them. */
export function refusalsAmong(answers: Awaited<ReturnType<WorkerSet['ask']>>, fingerprint: string): readonly string[] {
  return answers.flatMap(({ name, answer }) => {
    if (answer.type === 'refused') return [`worker ${name}: ${answer.why}`]
    const differs = answer.type === 'prepared' && answer.fingerprint !== fingerprint
    return differs ? [`worker ${name}: the files changed while they were read`] : []
  })
}

/** What workers are run with. */
export interface WorkerSetParts {
  readonly names: readonly string[]
  /** The module that a worker runs. */
  readonly module: string
  /** What a worker begins with; asked for at each start, so that it knows what is in force then. */
  readonly greeting: (name: string) => WorkerStart
  readonly heard: (name: string, message: FromWorker) => void
  /** Told of a worker that ended and was not told to. */
  readonly lost: (name: string) => void
  readonly logger: Logger
}

/** The workers of a machine: kept running, told and asked. */
export interface WorkerSet {
  readonly states: readonly WorkerState[]
  /** Starts all; resolves with their port once each takes calls. Rejects with the reason of the first that cannot. */
  start(): Promise<number>
  /** Tells all that have begun, but for one. Messages arrive in the order sent. */
  tell(notice: Notice, except?: string): void
  tellOne(name: string, notice: Notice): void
  /** Asks all that have begun. Whoever ends meanwhile is left out; whoever does not answer in time is ended, and so left out too. */
  ask(question: Question, withinMs: number): Promise<readonly { readonly name: string; readonly answer: Answer }[]>
  /** Lets all end in their time; kills what is left after `withinMs`. */
  drain(withinMs: number): Promise<void>
  /** Kills all. */
  close(): Promise<void>
}

interface Slot {
  readonly name: string
  worker: Worker | undefined
  ready: boolean
  report: WorkerReport | undefined
  deaths: number
  began: number
}

const firstDelayMs = 100
const longestDelayMs = 10_000
/** Who lived this long may be replaced at once. */
const settledMs = 30_000

/** Makes the set. Nothing runs before `start`; one a process, as `node:cluster` has it. */
export function createWorkerSet({ names, module, greeting, heard, lost, logger }: WorkerSetParts): WorkerSet {
  const slots = names.map((name): Slot => ({ name, worker: undefined, ready: false, report: undefined, deaths: 0, began: 0 }))
  const asked = new Map<number, { readonly slot: Slot; readonly settle: (answer: Answer | undefined) => void }>()
  const delays = new Set<NodeJS.Timeout>()
  let nextAsk = 0
  let ending = false

  // The control process accepts and hands over in turn: the kernel would favour whoever woke last.
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ exec: module, args: [], serialization: 'advanced' })

  function run(slot: Slot, first?: { resolve(port: number): void; reject(error: Error): void }): void {
    const worker = cluster.fork()
    closeWithWorker(worker)
    let failure: string | undefined
    Object.assign(slot, { worker, ready: false, report: undefined, began: performance.now() })
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'ready':
          slot.ready = true
          first?.resolve(message.port)
          break
        case 'failed':
          failure = message.why
          break
        case 'report':
          slot.report = message
          return
        case 'answer':
          asked.get(message.id)?.settle(message.answer)
          return
      }
      heard(slot.name, message)
    })
    worker.on('error', (error) => logger.error({ worker: slot.name, error: error.message }, 'a worker cannot be reached'))
    worker.once('exit', (code, signal) => {
      const wasReady = slot.ready
      Object.assign(slot, { worker: undefined, ready: false, report: undefined })
      for (const one of asked.values()) if (one.slot === slot) one.settle(undefined)
      if (ending) return
      first?.reject(new Error(failure ?? `worker ${slot.name} ended with ${signal ?? code}`))
      if (first !== undefined && !wasReady) return
      lost(slot.name)
      slot.deaths = performance.now() - slot.began > settledMs ? 0 : slot.deaths + 1
      const delayMs = Math.min(longestDelayMs, slot.deaths === 0 ? 0 : firstDelayMs * 2 ** (slot.deaths - 1))
      logger.error({ worker: slot.name, ended: signal ?? code, reason: failure, delayMs }, 'a worker ended and is replaced')
      const delay = setTimeout(() => {
        delays.delete(delay)
        if (!ending) run(slot)
      }, delayMs)
      delays.add(delay)
    })
    send(slot, greeting(slot.name))
  }

  function send({ worker }: Slot, message: ToWorker): void {
    // One that is just ending is told nothing; its exit is heard of by itself.
    if (worker?.isConnected()) worker.send(message, () => undefined)
  }

  function ask(slot: Slot, question: Question, withinMs: number): Promise<Answer | undefined> {
    const id = ++nextAsk
    return new Promise((resolve) => {
      // Where this process was held up itself, the answer is here and has only not been read yet.
      const late = lateAfter(withinMs, () => {
        if (!asked.has(id)) return
        logger.error({ worker: slot.name, question: question.type, withinMs }, 'a worker does not answer and is ended')
        slot.worker?.process.kill('SIGKILL')
      })
      asked.set(id, {
        slot,
        settle(answer) {
          clearTimeout(late)
          asked.delete(id)
          resolve(answer)
        },
      })
      send(slot, { type: 'ask', id, question })
    })
  }

  async function end(act: (slot: Slot) => void): Promise<void> {
    ending = true
    for (const delay of delays) clearTimeout(delay)
    await Promise.all(
      slots.map(async (slot) => {
        const { worker } = slot
        if (worker === undefined) return
        const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        act(slot)
        await gone
      }),
    )
  }
  const kill = (slot: Slot): void => void slot.worker?.process.kill('SIGKILL')

  return {
    get states() {
      return slots.map(({ name, worker, ready, report }) => ({ name, pid: worker?.process.pid, ready, report }))
    },
    async start() {
      const ports = slots.map((slot) => new Promise<number>((resolve, reject) => run(slot, { resolve, reject })))
      const [port = 0] = await Promise.all(ports)
      return port
    },
    tell(notice, except) {
      for (const slot of slots) if (slot.name !== except) send(slot, notice)
    },
    tellOne(name, notice) {
      const slot = slots.find((one) => one.name === name)
      if (slot !== undefined) send(slot, notice)
    },
    async ask(question, withinMs) {
      const living = slots.filter(({ worker }) => worker?.isConnected())
      const answers = await Promise.all(living.map(async (slot) => ({ name: slot.name, answer: await ask(slot, question, withinMs) })))
      return answers.flatMap(({ name, answer }) => (answer === undefined ? [] : [{ name, answer }]))
    },
    async drain(withinMs) {
      const late = setTimeout(() => slots.forEach(kill), withinMs)
      await end((slot) => (slot.ready ? send(slot, { type: 'drain' }) : kill(slot)))
      clearTimeout(late)
    },
    close: () => end(kill),
  }
}
