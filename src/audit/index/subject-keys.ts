import type { Clock } from '../../lib/clock.ts'
import { keptSince } from '../kept-since.ts'
import { type PeriodKeys, periodOf, subjectHashUnder } from '../period-keys.ts'
import type { PublishedKey, PublishedKeys } from './published-keys.ts'
import { knownPublisherId, publisherId } from './publisher-id.ts'
import type { SubjectKeySeal } from './sealed-subject-key.ts'
import { type CoveredMonth, type SubjectCover, subjectCover } from './subject-cover.ts'

/** What an index may hold for an NHS number. */
export interface SubjectHashes {
  readonly hashes: readonly string[]
  /** Whose they are, where machines share the index. */
  readonly cover?: SubjectCover
}

/** The keys under which NHS numbers are hashed: this machine's, and those that the others have published where the index is shared. */
export interface SubjectKeys {
  /**
   * Publishes this machine's, where they have changed or an hour is past, and takes out those that are destroyed or beyond retention. Where the
   * index is not shared, nothing happens. Rejects with the index's error, and with that of a folder that cannot be used.
   */
  publish(): Promise<void>
  /** The hashes of a number under every key that is within retention and can be had. Rejects likewise. */
  hashesOf(nhsNumber: string): Promise<SubjectHashes>
}

/** What they are made of. */
export interface SubjectKeyParts {
  readonly dataDirectory: string
  readonly keys: PeriodKeys
  /** `audit.node`. */
  readonly node: string
  readonly retentionMonths: number
  readonly clock: Clock
  /** Where the index is shared. */
  readonly shared?: Shared | undefined
}

interface Shared {
  readonly published: PublishedKeys
  readonly seal: SubjectKeySeal
}

const publishEveryMs = 3_600_000
/** Keys that one search takes: those of 2,000 machines in two years. */
const mostKeys = 50_000

/** Makes them. */
export function createSubjectKeys({ dataDirectory, keys, node, retentionMonths, clock, shared }: SubjectKeyParts): SubjectKeys {
  let published: { readonly periods: string; readonly at: number } | undefined
  const firstKept = (): string => periodOf(keptSince(clock.now(), retentionMonths))
  const ownPeriods = (): readonly string[] => keys.periods.filter((period) => period >= firstKept())

  async function publishOwn(periods: readonly string[], { published: store, seal }: Shared): Promise<void> {
    const publisher = periods.length === 0 ? knownPublisherId(dataDirectory) : publisherId(dataDirectory)
    // Without it nothing was published from this folder.
    if (publisher === undefined) return
    const held = new Map((await store.of(publisher)).map((one) => [one.period, one]))
    const changed = periods.flatMap((period): readonly PublishedKey[] => {
      const key = keys.subjectKey(period)
      if (key === undefined) return []
      const place = { publisher, node, period }
      const sealed = seal.seal(place, key)
      const there = held.get(period)
      const opened = there === undefined ? undefined : seal.open(there)
      // Without a secret nobody knows what stands there, and it stays: a command may have been started without this machine's settings.
      const stands = opened === undefined ? sealed === undefined : opened.equals(key)
      return there?.node === node && stands ? [] : [{ ...place, ...(sealed !== undefined && { sealed }) }]
    })
    if (changed.length > 0) await store.put(changed)
    const gone = [...held.keys()].filter((period) => !periods.includes(period))
    if (gone.length > 0) await store.remove(publisher, gone)
  }

  /** What the former secret alone opens gets the new one's seal, also of machines that are no more: else a change would lose theirs. */
  async function resealAll({ published: store, seal }: Shared): Promise<void> {
    if (seal.openFormer === undefined) return
    for (const one of await store.since(firstKept(), mostKeys)) {
      const key = seal.openFormer(one)
      const sealed = key === undefined ? undefined : seal.seal(one, key)
      if (sealed !== undefined) await store.reseal(one, sealed)
    }
  }

  return {
    async publish() {
      if (shared === undefined) return
      const periods = ownPeriods()
      const [state, now] = [periods.join(' '), clock.elapsed()]
      if (published?.periods === state && now - published.at < publishEveryMs) return
      await publishOwn(periods, shared)
      await resealAll(shared)
      published = { periods: state, at: now }
    },
    async hashesOf(nhsNumber) {
      const hashes = new Set(ownPeriods().flatMap((period) => keys.subjectHash(period, nhsNumber) ?? []))
      if (shared === undefined) return { hashes: [...hashes] }
      const { published: store, seal } = shared
      // This machine's own are the folder's: what is destroyed there must not be had from elsewhere.
      const own = knownPublisherId(dataDirectory)
      const rows = await store.since(firstKept(), mostKeys + 1)
      const months = rows.slice(0, mostKeys).filter(({ publisher }) => publisher !== own)
      const covered = months.map((row): CoveredMonth => {
        const key = seal.open(row)
        if (key !== undefined) hashes.add(subjectHashUnder(key, nhsNumber))
        const why = row.sealed === undefined ? 'not published' : seal.opens ? 'sealed under another secret' : 'no secret here'
        return { node: row.node, period: row.period, reason: key === undefined ? why : undefined }
      })
      return { hashes: [...hashes], cover: { ...subjectCover(node, covered), ...(rows.length > mostKeys && { more: true as const }) } }
    },
  }
}
