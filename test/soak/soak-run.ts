import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { verifyAll } from '../../src/audit/verify.ts'
import { pick, type Random } from '../fuzz/mutations.ts'
import { type Accounts, accountsOf, statusesOf, sumOf } from '../support/accounts.ts'
import { memoryOf, metricOn, openFilesOf, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { type SoakKind, soakAnswer, soakConsumer, soakKinds } from './soak-calls.ts'
import { type Thirds, thirdsOf } from './thirds.ts'

/** What came of it. */
export interface SoakRun {
  /** Calls by kind. */
  readonly calls: Readonly<Record<string, number>>
  readonly resumed: number
  readonly reloads: number
  readonly accounts: Accounts
  /** Memory and open files of the proxy, which must not grow. */
  readonly held: readonly Thirds[]
  /** Milliseconds from when a call was to be made to its end; waiting counts. */
  readonly latency: Thirds
  /** One sentence each. */
  readonly faults: readonly string[]
}

/** How far a run has come. */
export interface SoakSoFar {
  readonly seconds: number
  readonly calls: number
  readonly faults: number
}

/** How long and how fast, and who stops it before its time. */
export interface SoakOptions {
  readonly seconds: number
  readonly callsPerSecond: number
  readonly reloadEverySeconds: number
  /** Once it is aborted no further call is made, and those that were are looked for. */
  readonly stop?: AbortSignal
  /** Told of each call that has ended: how many there are, how many faults, and after how many seconds. */
  readonly tell?: (soFar: SoakSoFar) => void
  /** The proxy is in a process group of its own, so that Ctrl-C does not end it. */
  readonly ownGroup?: boolean
}

const warmUpShare = 0.2
const sampleEveryMs = 1_000
/** A sample of memory is the least of so many: what the collector has not yet freed is no growth. */
const samplesInWindow = 3
const megabyte = 1_048_576
/** Growth from the first third to the last that is no leak. */
const allowed = { residentMb: 64, heapMb: 40, files: 3, latencyMs: 5 }

/** What protects a provider from load must refuse nothing here, however slow the machine that carries both ends of every call. */
const unhurried = {
  checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000 } },
  forwarding: {
    connectTimeoutSeconds: 60,
    tlsTimeoutSeconds: 60,
    capacity: { mode: 'observe', queueSeconds: 60, queueLength: 100_000, waitingInAll: 100_000 },
    breaker: { mode: 'observe' },
  },
}

const hundred = soakKinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

/** Calls of every kind at a constant rate, with a reload now and then, at a proxy in a process of its own; then every call is looked for in the audit. */
export async function runSoak(
  random: Random,
  {
    seconds,
    callsPerSecond,
    reloadEverySeconds,
    stop = new AbortController().signal,
    tell = () => undefined,
    ownGroup = false,
  }: SoakOptions,
): Promise<SoakRun> {
  const world = await startWorldProcess({ settings: unhurried, ownGroup })
  world.provider.answer = soakAnswer
  const consumer = soakConsumer(world)
  const calls: Record<string, number> = {}
  const statuses = new Map<number, number>()
  const faults: string[] = []
  const latencies: number[] = []
  let resumed = 0
  let ended = 0
  let reloads = 0
  const began = performance.now()
  const warm = began + seconds * warmUpShare * 1000
  const end = began + seconds * 1000
  const one = async (kind: SoakKind, intended: number): Promise<void> => {
    calls[kind.name] = (calls[kind.name] ?? 0) + 1
    try {
      const answer = await consumer.call(kind)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      if (answer.resumed && kind.over === 'resumed') resumed++
      if (answer.status !== kind.status)
        faults.push(`a call of kind ${kind.name} was answered ${answer.status}: ${answer.verdict ?? 'without a verdict'}`)
    } catch (error) {
      faults.push(`a call of kind ${kind.name} was not answered: ${error instanceof Error ? error.message : 'unknown'}`)
    }
    if (intended > warm) latencies.push(performance.now() - intended)
    tell({ seconds: (performance.now() - began) / 1000, calls: ++ended, faults: faults.length })
  }
  const traffic = async (): Promise<void> => {
    const under = new Set<Promise<void>>()
    for (let number = 0; ; number++) {
      const intended = began + (number * 1000) / callsPerSecond
      if (intended >= end) break
      const early = intended - performance.now()
      if (early > 0) await pauseUnless(stop, early)
      if (stop.aborted) break
      const call = one(pick(random, hundred), intended)
      under.add(call)
      void call.then(() => under.delete(call))
    }
    await Promise.all(under)
  }
  const reloading = async (): Promise<void> => {
    for (let at = began + reloadEverySeconds * 1000; at < end; at += reloadEverySeconds * 1000) {
      await pauseUnless(stop, Math.max(0, at - performance.now()))
      if (stop.aborted) break
      world.signal('SIGHUP')
      reloads++
    }
  }
  try {
    const [held] = await Promise.all([heldOver(world, warm, end, stop), traffic(), reloading()])
    consumer.close()
    const page = (await world.page('/metrics')).body
    if (metricOn(page, 'ssp_config_last_reload_successful') !== 1) faults.push('the last reload did not succeed')
    const accounts = await accountsOf(world)
    const latency = thirdsOf('latency, ms', latencies, allowed.latencyMs)
    faults.push(
      ...accounts.faults,
      ...differences(statuses, statusesOf(world.audit()), calls['aborted'] ?? 0),
      ...held.filter(({ grows }) => grows).map(({ name, growth }) => `${name} grew by ${growth.toFixed(1)}`),
      ...(await logFaults(world)),
    )
    return { calls, resumed, reloads, accounts, held, latency, faults }
  } finally {
    consumer.close()
    await world.close()
  }
}

/** Waits so long, or until it is stopped. */
async function pauseUnless(stop: AbortSignal, milliseconds: number): Promise<void> {
  await pause(milliseconds, undefined, { signal: stop }).catch(() => undefined)
}

/** What the process holds, sampled from when it is warm. */
async function heldOver(world: WorldProcess, from: number, end: number, stop: AbortSignal): Promise<readonly Thirds[]> {
  const windows: { resident: number; heap: number; files: number }[] = []
  await pauseUnless(stop, from - performance.now())
  for (let number = 0; performance.now() < end && !stop.aborted; number++) {
    const page = (await world.page('/metrics')).body
    const now = {
      resident: (await memoryOf(world.pid)).now / megabyte,
      heap: sumOf(page, 'nodejs_heap_used_bytes') / megabyte,
      files: await openFilesOf(world.pid),
    }
    const known = windows[Math.floor(number / samplesInWindow)] ?? now
    windows[Math.floor(number / samplesInWindow)] = {
      resident: Math.min(known.resident, now.resident),
      heap: Math.min(known.heap, now.heap),
      files: Math.min(known.files, now.files),
    }
    await pauseUnless(stop, sampleEveryMs)
  }
  return [
    thirdsOf(
      'resident, MB',
      windows.map(({ resident }) => resident),
      allowed.residentMb,
    ),
    thirdsOf(
      'heap, MB',
      windows.map(({ heap }) => heap),
      allowed.heapMb,
    ),
    thirdsOf(
      'open files',
      windows.map(({ files }) => files),
      allowed.files,
    ),
  ]
}

/** The status in the audit of a call that its consumer gave up in the midst of the answer. */
const givenUp = 499

/** By status: what consumers got, and what the audit says that they got. Of those that gave up after the head some had the whole answer under way. */
function differences(got: ReadonlyMap<number, number>, audited: ReadonlyMap<number, number>, aborted: number): readonly string[] {
  const cut = audited.get(givenUp) ?? 0
  const told = new Map(audited).set(200, (audited.get(200) ?? 0) + cut)
  told.delete(givenUp)
  const wrong = [...new Set([...got.keys(), ...told.keys()])].filter((status) => got.get(status) !== told.get(status))
  return [
    ...wrong.map((status) => `consumers got ${got.get(status) ?? 0} answers ${status}, and the audit has ${told.get(status) ?? 0}`),
    ...(cut <= aborted ? [] : [`consumers gave up ${aborted} answers, and the audit has ${cut}`]),
  ]
}

async function logFaults(world: WorldProcess): Promise<readonly string[]> {
  const logs = await verifyAll(join(world.directory, 'data'))
  if (logs.size === 0) return ['no audit log is there']
  return [...logs].flatMap(([name, log]) => (log.ok ? [] : [`${name}, ${log.file}:${log.line}: ${log.problem}`]))
}
