import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { verifyLog } from '../../src/audit/verify.ts'
import { call } from '../support/consumer.ts'
import { type RecordingProvider, startRecordingProvider } from '../support/recording-provider.ts'
import { layWorld } from '../support/start-world.ts'
import { serveGround } from '../support/start-world-process.ts'
import { tiledRecords } from '../support/tile-files.ts'
import { losePages } from './lose-pages.ts'

/** What came of it. */
export interface ChaosRun {
  readonly kills: number
  /** Kills after which bytes that no disk had confirmed were lost, too, as when the power goes. */
  readonly powerCuts: number
  /** Calls whose answer a consumer has had, and requests that a provider has had. */
  readonly answered: number
  readonly forwarded: number
  /** Exchanges that a start closed as interrupted. */
  readonly interrupted: number
  /** One sentence each. */
  readonly faults: readonly string[]
}

/** How somebody watches a run. */
export interface ChaosWatched {
  /** Told after each kill what has come of it so far. */
  readonly tell?: (soFar: ChaosRun) => void
  /** The proxies are in process groups of their own, so that Ctrl-C does not end them. */
  readonly ownGroup?: boolean
}

/** Kills between one new world and the next: so that reading the whole log each time stays cheap. */
const killsInWorld = 20
const lanes = 8
/** The load runs for up to so many ms before a kill. */
const longestLoadMs = 800

interface Tally {
  kills: number
  powerCuts: number
  answered: number
  forwarded: number
  interrupted: number
  readonly faults: string[]
}

/**
 * Kills a proxy under load at random instants, at times with a loss of what no disk had confirmed, starts it again on the same files, and
 * holds the audit against what consumers and the provider have seen, until `enough` says so, which is asked before each kill and each new world.
 */
export async function runChaos(
  random: (below: number) => number,
  enough: (kills: number) => boolean,
  watched: ChaosWatched = {},
): Promise<ChaosRun> {
  const tally: Tally = { kills: 0, powerCuts: 0, answered: 0, forwarded: 0, interrupted: 0, faults: [] }
  while (!enough(tally.kills)) await runWorld(random, enough, watched, tally)
  return tally
}

async function runWorld(
  random: (below: number) => number,
  enough: (kills: number) => boolean,
  { tell, ownGroup = false }: ChaosWatched,
  tally: Tally,
): Promise<void> {
  const provider = await startRecordingProvider()
  const throttle = { requestsPerSecond: 100_000, burst: 100_000 }
  const ground = await layWorld({
    providerPort: provider.port,
    settings: { checks: { throttle }, audit: { segmentBytes: 1_048_576 }, logging: { level: 'info', format: 'json' } },
  })
  const directory = join(ground.directory, 'data', 'audit', 'test-main')
  const receipts = new Map<number, string>()
  try {
    for (let kill = 0; kill < killsInWorld && !enough(tally.kills); kill++) {
      const serving = await serveGround(ground, { ownGroup })
      const stop = new AbortController()
      const load = Array.from({ length: lanes }, async () => {
        while (!stop.signal.aborted) {
          const answer = await call({ proxy: serving.proxy, certificates: ground.certificates }).catch(() => undefined)
          if (answer !== undefined) noteReceipt(answer, receipts, tally)
        }
      })
      await pause(random(longestLoadMs))
      serving.signal('SIGKILL')
      await serving.ended
      stop.abort()
      await Promise.all(load)
      tally.kills++
      if (random(2) === 0) {
        tally.powerCuts++
        losePages(directory, Math.max(tiledRecords(directory) - 1, confirmedIndex(ground.audit(), receipts, provider)), random)
      }
      tally.faults.push(...faultsOf(ground.audit(), receipts, provider).map((fault) => `kill ${tally.kills}: ${fault}`))
      tell?.(tally)
    }
    // One more start closes what the last kill left open.
    const last = await serveGround(ground, { ownGroup })
    last.signal('SIGTERM')
    await last.ended
    tally.interrupted += closed(ground.audit(), tally)
    tally.forwarded += provider.slices.length
    const verified = await verifyLog(directory)
    if (!verified.ok) tally.faults.push(`after kill ${tally.kills}: ${verified.file}:${verified.line}: ${verified.problem}`)
    else if (verified.unfinished > 0) tally.faults.push(`after kill ${tally.kills}: ${verified.unfinished} exchanges have no outcome`)
  } finally {
    await ground.clear()
    await provider.close()
  }
}

type Entries = ReturnType<Awaited<ReturnType<typeof layWorld>>['audit']>

function noteReceipt(answer: Awaited<ReturnType<typeof call>>, receipts: Map<number, string>, tally: Tally): void {
  const index = /index=([0-9]+)/.exec(String(answer.headers['ssp-receipt']))?.[1]
  if (index === undefined) {
    if (answer.status === 200) tally.faults.push(`an answer of exchange ${answer.exchange} bears no receipt`)
    return
  }
  tally.answered++
  const before = receipts.get(Number(index))
  if (before !== undefined) tally.faults.push(`the receipt ${index} was given twice: to ${before} and ${answer.exchange}`)
  receipts.set(Number(index), answer.exchange)
}

/** The highest index that somebody outside knows to be on disk; the log's own tiles know more. */
function confirmedIndex(entries: Entries, receipts: ReadonlyMap<number, string>, provider: RecordingProvider): number {
  const sent = tracesOf(provider)
  const known = entries.map((entry, index) => (entry.type === 'forwarding' && sent.has(entry.request.traceId ?? '') ? index : -1))
  return Math.max(-1, ...receipts.keys(), ...known)
}

function tracesOf(provider: RecordingProvider): ReadonlySet<string> {
  return new Set(provider.slices.map(({ bytes }) => /\r\nssp-traceid: *([0-9a-f-]{36})/i.exec(bytes.toString('latin1'))?.[1] ?? ''))
}

/** Nothing forwarded without a record, and no record lost that somebody was told of. */
function faultsOf(entries: Entries, receipts: ReadonlyMap<number, string>, provider: RecordingProvider): readonly string[] {
  const recorded = new Set(entries.flatMap((entry) => (entry.type === 'forwarding' ? [entry.request.traceId] : [])))
  const unrecorded = [...tracesOf(provider)].filter((trace) => !recorded.has(trace))
  const lost = [...receipts].filter(([index, exchange]) => {
    const entry = entries[index]
    return entry?.type !== 'forwarding' || entry.exchange !== exchange
  })
  return [
    ...unrecorded.map((trace) => `the provider was sent ${trace}, which is not recorded`),
    ...lost.map(([index, exchange]) => `record ${index}, promised to exchange ${exchange}, is not there`),
  ]
}

/** Each forwarding has exactly one outcome. How many of these are by a start, in the place of a process that was killed. */
function closed(entries: Entries, tally: Tally): number {
  const outcomes = new Map<string, number>()
  for (const entry of entries) if (entry.type === 'outcome') outcomes.set(entry.exchange, (outcomes.get(entry.exchange) ?? 0) + 1)
  for (const entry of entries) {
    const count = entry.type === 'forwarding' ? (outcomes.get(entry.exchange) ?? 0) : 1
    if (count !== 1) tally.faults.push(`after kill ${tally.kills}: a forwarding has ${count} outcomes`)
  }
  return entries.filter((entry) => entry.type === 'outcome' && entry.end === 'interrupted').length
}
