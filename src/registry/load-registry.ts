import { createHash } from 'node:crypto'
import { extname, resolve } from 'node:path'
import { createDirectoryBuilder, type DirectoryBuilder } from './directory-builder.ts'
import { createFindingList } from './finding-list.ts'
import { createInterner } from './interner.ts'
import { judgeEndpoint, judgeSystem } from './judge-record.ts'
import { readLdifRecords } from './ldif-records.ts'
import type { LoadTally } from './load-tally.ts'
import { readNdjsonRecords } from './ndjson-records.ts'
import type { PackedDirectory } from './packed-directory.ts'
import { type PackedRules, packRules } from './packed-rules.ts'
import type { RecordDraft } from './record-draft.ts'
import type { Registry, RegistryFinding } from './registry.ts'
import type { SharingRule } from './sharing-rule.ts'
import { readSharingRules } from './sharing-rules.ts'
import type { SourceFile } from './text-lines.ts'
import { UnreadableFile } from './unreadable-file.ts'
import { vanishedRecords } from './vanished-records.ts'
import { readYamlRecords } from './yaml-records.ts'

/** What to load. Fit to be sent to a worker thread. */
export interface LoadRequest {
  /** Relative names are relative to this folder; findings call files by the name given. */
  readonly baseDir: string
  readonly files: readonly string[]
  readonly sharingRules: string
  readonly maxFaultyShare: number
  readonly maxVanishedShare: number
  /** The directory in force, or how many systems and endpoints it has where it came from somewhere else. */
  readonly previous: PackedDirectory | { readonly records: number } | undefined
  /** How many findings of each severity are kept. */
  readonly findingLimit: number
}

/** How a load ended. Fit to be sent from a worker thread. */
export type LoadOutcome =
  | LoadedRegistry
  | { readonly kind: 'rejected'; readonly place: string; readonly message: string; readonly findings: readonly RegistryFinding[] }

/** A load that can be used. */
export interface LoadedRegistry {
  readonly kind: 'loaded'
  readonly version: string
  readonly directory: PackedDirectory
  readonly rules: PackedRules
  readonly counts: Registry['counts']
  readonly vanished: number
  readonly findings: readonly RegistryFinding[]
}

/** Reads, judges and indexes a directory. What is wrong with its files comes back as `rejected`. */
export async function loadRegistry(request: LoadRequest): Promise<LoadOutcome> {
  const findings = createFindingList(request.findingLimit)
  const tally: LoadTally = { records: 0, setAside: 0, findings }
  try {
    return await load(request, tally)
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    return { kind: 'rejected', place: error.place, message: `${error.place}: ${error.message}`, findings: findings.list() }
  }
}

async function load(request: LoadRequest, tally: LoadTally): Promise<LoadedRegistry> {
  const digest = createHash('sha256')
  const interner = createInterner()
  const builder = createDirectoryBuilder(interner, tally)
  const source = (name: string): SourceFile => ({ path: resolve(request.baseDir, name), name, digest })
  for (const name of request.files) {
    await readRecords(source(name), tally, (draft) => {
      const place = `${name}:${draft.line}`
      if (draft.kind === 'system') builder.add(judgeSystem(draft), place)
      else if (draft.kind === 'endpoint') builder.add(judgeEndpoint(draft), place)
      else {
        tally.records++
        tally.setAside++
        for (const fault of draft.faults) tally.findings.error(place, '', fault)
      }
    })
  }
  const sharingRules = await readSharingRules(source(request.sharingRules), tally.findings)
  warnOfStrangers(sharingRules, builder, tally)
  const rules = packRules(sharingRules, interner)
  const counts = { ...builder.counts(), faulty: tally.setAside, sharingRules: sharingRules.length }
  const where = request.files.join(', ')
  refuseFaulty(request, tally, where)
  if (counts.systems === 0) throw new UnreadableFile(where, 'holds no usable system: with it, every call would be refused')
  const directory = builder.pack()
  const vanished = countVanished(request, tally.records, directory, where)
  return { kind: 'loaded', version: digest.digest('hex').slice(0, 16), directory, rules, counts, vanished, findings: tally.findings.list() }
}

/** A rule for a party that the directory does not hold decides nothing: one that was mistyped would refuse nobody, without a word. */
function warnOfStrangers(rules: readonly SharingRule[], builder: DirectoryBuilder, { findings }: LoadTally): void {
  for (const { place, reference, ...rule } of rules)
    for (const side of ['from', 'to'] as const) {
      const party = rule[side]
      if (party.kind === 'anybody' || builder.knows(party)) continue
      const named = party.kind === 'asid' ? `the ASID ${party.asid}` : `the ODS code ${party.odsCode} (it is compared exactly)`
      findings.warning(place, reference, `${side} names no system of the directory: none has ${named}`)
    }
}

async function readRecords(file: SourceFile, tally: LoadTally, onRecord: (draft: RecordDraft) => void): Promise<void> {
  switch (extname(file.path).toLowerCase()) {
    case '.yaml':
    case '.yml':
      return await readYamlRecords(file, onRecord)
    case '.ndjson':
    case '.jsonl':
      return await readNdjsonRecords(file, onRecord)
    case '.ldif': {
      const skipped = new Map<string, number>()
      await readLdifRecords(file, onRecord, (name) => void (skipped.size < 1000 && skipped.set(name, (skipped.get(name) ?? 0) + 1)))
      if (skipped.size > 0) tally.findings.warning(file.name, '', skippedMessage(skipped))
      return
    }
    default:
      throw new UnreadableFile(file.name, 'has an unknown ending: registry files end in .yaml, .yml, .ndjson, .jsonl or .ldif')
  }
}

function skippedMessage(skipped: ReadonlyMap<string, number>): string {
  const entries = [...skipped].sort(([, a], [, b]) => b - a)
  const total = entries.reduce((sum, [, count]) => sum + count, 0)
  const named = entries.slice(0, 10).map(([name, count]) => `${name} (${count})`)
  return `${total} entries of other object classes passed over: ${named.join(', ')}${entries.length > 10 ? ', …' : ''}`
}

function refuseFaulty(request: LoadRequest, tally: LoadTally, where: string): void {
  if (tally.setAside <= request.maxFaultyShare * tally.records) return
  const first = tally.findings.list().find(({ severity }) => severity === 'error')
  const example = first === undefined ? '' : `; the first is ${first.place}: ${first.message}`
  throw new UnreadableFile(
    where,
    `${share(tally.setAside, tally.records, 'had to be set aside')}, ${limit('maxFaultyShare', request.maxFaultyShare)}${example}`,
  )
}

/** How many records that are in force are missing. Throws `UnreadableFile` where that is too many. */
function countVanished(request: LoadRequest, records: number, directory: PackedDirectory, where: string): number {
  const { previous } = request
  if (previous === undefined) return 0
  const { vanished, of } =
    'systems' in previous
      ? vanishedRecords(previous, directory)
      : { vanished: Math.max(0, previous.records - records), of: previous.records }
  if (vanished <= request.maxVanishedShare * of) return vanished
  throw new UnreadableFile(
    where,
    `${share(vanished, of, 'that are in force are missing')}, ${limit('maxVanishedShare', request.maxVanishedShare)}`,
  )
}

function share(part: number, whole: number, what: string): string {
  return `${part} of ${whole} records (${percent(part / whole)}) ${what}`
}

function limit(setting: string, ratio: number): string {
  return `more than registry.${setting} allows (${percent(ratio)})`
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 10_000) / 100} %`
}
