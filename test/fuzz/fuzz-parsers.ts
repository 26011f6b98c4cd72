import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectGarbage } from '../support/collect-garbage.ts'
import { auditParsers } from './audit-parsers.ts'
import { fileParsers } from './file-parsers.ts'
import type { FuzzedParser } from './fuzzed-parser.ts'
import { mutated, type Random } from './mutations.ts'
import { pkiParsers } from './pki-parsers.ts'
import { spineParsers } from './spine-parsers.ts'

/** What came of it. */
export interface ParserFuzzing {
  /** Cases by parser. */
  readonly cases: Readonly<Record<string, number>>
  /** One sentence each, with the bytes in base64. */
  readonly faults: readonly string[]
  /** Heap of this process in bytes, the garbage collected: once the engine's caches had filled, and in the end. Undefined where there were too few cases for that. */
  readonly heap: { readonly before: number; readonly after: number } | undefined
}

/** No input of 64 kB may take this thread longer, in ms of its own time: a machine that has no time for it is no fault of the parser. */
const longestMs = 2_000
const mostFaults = 20
/** Caches of the engine have filled by then. */
const warmRounds = 300
/** A leak of half a kilobyte a case is found within 20,000. */
const mostHeapMore = 8 * 1_048_576

/** Feeds every parser with mutated samples, in turns, until `enough` says so. A fault is whatever is thrown that is no refusal, or takes too long. */
export async function fuzzParsers(random: Random, enough: (cases: number) => boolean): Promise<ParserFuzzing> {
  const folder = await mkdtemp(join(tmpdir(), 'ssp-fuzz-'))
  const parsers = [...spineParsers(), ...(await pkiParsers()), ...auditParsers(), ...fileParsers(folder)]
  const cases: Record<string, number> = {}
  const faults: string[] = []
  let heapBefore: number | undefined
  let total = 0
  for (let round = 0; !enough(total) && faults.length < mostFaults; round++) {
    for (const parser of parsers) {
      if (round % parser.weight !== 0) continue
      const fault = await faultOf(parser, mutated(random, parser.samples, parser.dictionary))
      if (fault !== undefined) faults.push(fault)
      cases[parser.name] = (cases[parser.name] ?? 0) + 1
      total++
    }
    if (round === warmRounds) heapBefore = collectedHeap()
  }
  await rm(folder, { recursive: true, force: true })
  const heap = heapBefore === undefined ? undefined : { before: heapBefore, after: collectedHeap() }
  const more = heap === undefined ? 0 : heap.after - heap.before
  if (more > mostHeapMore) faults.push(`${more} bytes more are on the heap than before`)
  return { cases, faults, heap }
}

async function faultOf({ name, run, expected }: FuzzedParser, bytes: Buffer): Promise<string | undefined> {
  const began = process.threadCpuUsage()
  const shown = `${name}: ${bytes.toString('base64')}`
  try {
    const result = run(bytes)
    if (result instanceof Promise) await result
  } catch (error) {
    if (expected?.(error) !== true) return `${shown} threw ${error instanceof Error ? error.stack : String(error)}`
  }
  const { user, system } = process.threadCpuUsage(began)
  const took = (user + system) / 1000
  return took > longestMs ? `${shown} took ${Math.round(took)} ms` : undefined
}

function collectedHeap(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
