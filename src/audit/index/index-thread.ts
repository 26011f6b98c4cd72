import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type AuditIndex, IndexUnavailable } from './audit-index.ts'
import type { IndexProgress } from './index-feeder.ts'
import type { IndexMessage, IndexMethod, IndexThreadData } from './index-messages.ts'

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: IndexUnavailable) => void
}

/** Milliseconds after which a thread that has died is started again. */
const restartAfter = 1000
/** Milliseconds that the thread has to end by itself. */
const closeWithin = 3000
/** Questions that wait for an answer; more are refused at once. */
const mostWaiting = 256

/** The index in a thread of its own. */
export interface IndexThread extends AuditIndex {
  /** Ends the thread, and begins another one with this once that has ended. Whoever asks meanwhile is told that the index is not to be had. */
  restart(data: IndexThreadData): void
}

/** Starts the thread, and starts it again should it die. */
export function openIndexThread(first: IndexThreadData, died: (reason: string) => void): IndexThread {
  // Run from source, the worker is source; built, it is built.
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const waiting = new Map<number, Waiting>()
  let number = 0
  let progress: IndexProgress = { records: 0, logs: {} }
  let closed = false
  /** It has ended by itself, and no other has begun. */
  let down = false
  let data = first
  /** Told to end so that another one begins. */
  let replaced: Worker | undefined
  let worker = start()

  function start(): Worker {
    const started = new Worker(new URL(`./index-worker${extension}`, import.meta.url), { workerData: data, name: 'audit index' })
    let reason = 'it ended'
    started.on('message', (message: IndexMessage) => {
      if ('progress' in message) progress = message.progress
      else answer(message)
    })
    started.once('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    started.once('exit', () => void ended(started, reason))
    started.unref()
    down = false
    return started
  }

  function answer(message: Exclude<IndexMessage, { readonly progress: IndexProgress }>): void {
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if ('problem' in message) asked?.reject(new IndexUnavailable(message.problem))
    else asked?.resolve(message.result as never)
  }

  async function ended(one: Worker, reason: string): Promise<void> {
    for (const { reject } of waiting.values()) reject(new IndexUnavailable(`the index's thread has ended: ${reason}`))
    waiting.clear()
    if (closed) return
    if (one === replaced) {
      worker = start()
      return
    }
    down = true
    progress = { ...progress, problem: reason }
    died(reason)
    await pause(restartAfter, undefined, { ref: false })
    if (!closed) worker = start()
  }

  function ask<Method extends IndexMethod>(method: Method, ...args: Parameters<AuditIndex[Method]>): ReturnType<AuditIndex[Method]> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new IndexUnavailable('the index is closed'))
      // Nobody would answer, and nobody would be told so.
      if (down) return reject(new IndexUnavailable('the index’s thread begins anew'))
      if (waiting.size >= mostWaiting) return reject(new IndexUnavailable('too many searches wait for the index'))
      const id = ++number
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, method, args })
    }) as ReturnType<AuditIndex[Method]>
  }

  return {
    find: (exchange) => ask('find', exchange),
    search: (search, limit, after) => ask('search', search, limit, after),
    beginnings: (exchanges) => ask('beginnings', exchanges),
    hashesOf: (nhsNumber) => ask('hashesOf', nhsNumber),
    events: (search, limit, after) => ask('events', search, limit, after),
    rebuild: () => ask('rebuild'),
    caughtUp: () => ask('caughtUp'),
    restart(next) {
      data = next
      if (closed || replaced === worker) return
      const old = worker
      replaced = old
      old.postMessage({ id: ++number, method: 'close', args: [] })
      // As at the end: a database that does not answer must not hold it.
      void pause(closeWithin, undefined, { ref: false }).then(() => old.terminate())
    },
    get progress() {
      return progress
    },
    async close() {
      if (closed) return
      // Whoever waits for the end must not see the process end before it.
      worker.ref()
      const last = ask('close')
      closed = true
      // A database that does not answer must not keep the proxy from ending: what is missing is read again at the next start.
      const patience = new AbortController()
      await Promise.race([last.catch(() => undefined), pause(closeWithin, undefined, { signal: patience.signal }).catch(() => undefined)])
      patience.abort()
      await worker.terminate()
    },
  }
}
