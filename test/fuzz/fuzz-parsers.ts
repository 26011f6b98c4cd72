import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  /** Growth of this process's heap in bytes, where the garbage can be collected before it is measured. */
  readonly heapGrowth: number | undefined
}

/** No input of 64 kB may take this thread longer, in ms of its own time: a machine that has no time for it is no fault of the parser. */
const longestMs = 2_000
const mostFaults = 20

/** Feeds every parser with mutated samples, in turns, until `enough` says so. A fault is whatever is thrown that is no refusal, or takes too long. */
export async function fuzzParsers(random: Random, enough: (cases: number) => boolean): Promise<ParserFuzzing> {
  const folder = await mkdtemp(join(tmpdir(), 'ssp-fuzz-'))
  const parsers = [...spineParsers(), ...(await pkiParsers()), ...auditParsers(), ...fileParsers(folder)]
  const cases: Record<string, number> = {}
  const faults: string[] = []
  const collect = globalThis.gc
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
    // Caches of the engine have filled by then.
    if (round === 2_000 && collect !== undefined) heapBefore = heapAfter(collect)
  }
  await rm(folder, { recursive: true, force: true })
  const heapGrowth = heapBefore === undefined || collect === undefined ? undefined : heapAfter(collect) - heapBefore
  return { cases, faults, heapGrowth }
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

function heapAfter(collect: () => unknown): number {
  collect()
  return process.memoryUsage().heapUsed
}
