import { evenPart } from './place-shares.ts'
import { type HeldQuota, type Quota, type QuotaNotice, quotaKey } from './quota.ts'
import { sum } from './sum.ts'

/** Who is told what, in this order. */
export type QuotaNotices = readonly (readonly [nth: number, notice: QuotaNotice])[]

interface Entry {
  readonly quota: Quota
  /** The most that each worker may use, whatever is still on its way. */
  readonly held: number[]
  /** Who lacks how much. */
  readonly lacking: Map<number, number>
  /** Of whom it is awaited what they give up, and for whom they were asked. */
  readonly recalled: Set<number>
  recalledFor: ReadonlySet<number>
  /** Levellings since somebody lacked any. */
  quiet: number
}

/** Quotas that are held otherwise than evenly, at most. Further ones stay even. */
const most = 100_000
const nobody: ReadonlySet<number> = new Set()

/**
 * What parties may have under way on a machine, lent to its workers: each begins with its even part, and who lacks more gets what the others do not use. The parts
 * together are never more than the quota, as a part goes down only when its worker has said so. Pure: no timer, no input or output.
 */
export class MachineQuotas {
  readonly #present: boolean[]
  readonly #max: number
  readonly #entries = new Map<string, Entry>()

  constructor(workers: number, max = most) {
    this.#present = Array.from({ length: workers }, () => true)
    this.#max = max
  }

  /** Quotas that are held otherwise than evenly, or were of late. */
  get size(): number {
    return this.#entries.size
  }

  /** A worker lacks so much more. It is answered once, with what it holds then. */
  borrow(nth: number, quota: Quota, need: number): QuotaNotices {
    const entry = this.#entryOf(quota)
    if (entry === undefined) return [[nth, { holds: { ...quota, held: this.#even(quota, nth) } }]]
    entry.quiet = 0
    entry.lacking.set(nth, need)
    return entry.recalled.size > 0 ? [] : this.#serve(entry)
  }

  /** A worker says what it holds of a quota of which it was to give up. */
  gave(nth: number, { held, ...quota }: HeldQuota): QuotaNotices {
    const entry = this.#entries.get(quotaKey(quota))
    if (entry === undefined || !entry.recalled.delete(nth)) return []
    entry.held[nth] = held
    return entry.recalled.size > 0 ? [] : this.#recallEnded(entry)
  }

  /** A worker has ended: what it had is free. */
  lost(nth: number): QuotaNotices {
    this.#present[nth] = false
    return [...this.#entries.values()].flatMap((entry) => {
      entry.held[nth] = 0
      entry.lacking.delete(nth)
      return entry.recalled.delete(nth) && entry.recalled.size === 0 ? this.#recallEnded(entry) : []
    })
  }

  /** A worker begins in the place of one that ended: what it holds of quotas that are not even. */
  began(nth: number): readonly HeldQuota[] {
    this.#present[nth] = true
    return [...this.#entries.values()].map((entry) => {
      const held = Math.min(this.#even(entry.quota, nth), this.#free(entry))
      entry.held[nth] = held
      return { ...entry.quota, held }
    })
  }

  /** Called now and then: what nobody has lacked of late becomes even again, as far as it is not used, and is forgotten once it is. */
  level(): QuotaNotices {
    return [...this.#entries].flatMap(([key, entry]): QuotaNotices => {
      if (entry.recalled.size > 0 || entry.quiet++ < 1) return []
      const over = entry.held.flatMap((held, nth) => (held > this.#even(entry.quota, nth) ? [nth] : []))
      if (over.length > 0) {
        entry.recalledFor = nobody
        return over.map((nth) => this.#recall(entry, nth, entry.quota.quota, this.#even(entry.quota, nth)))
      }
      const told = this.#topUp(entry)
      if (entry.held.every((held, nth) => held === this.#even(entry.quota, nth))) this.#entries.delete(key)
      return told
    })
  }

  #entryOf(quota: Quota): Entry | undefined {
    const key = quotaKey(quota)
    const known = this.#entries.get(key)
    if (known !== undefined || this.#entries.size >= this.#max) return known
    const held = this.#present.map((present, nth) => (present ? this.#even(quota, nth) : 0))
    const made: Entry = { quota, held, lacking: new Map(), recalled: new Set(), recalledFor: nobody, quiet: 0 }
    this.#entries.set(key, made)
    return made
  }

  /** Whoever lacks any gets it of what is free; where that is not enough the others are asked first. */
  #serve(entry: Entry): QuotaNotices {
    const lack = sum(entry.lacking.values()) - this.#free(entry)
    const others = entry.held.flatMap((held, nth) => (held > 0 && !entry.lacking.has(nth) ? [nth] : []))
    if (lack <= 0 || others.length === 0) return this.#answer(entry, [...entry.lacking.keys()])
    entry.recalledFor = new Set(entry.lacking.keys())
    return others.map((nth) => this.#recall(entry, nth, lack, 0))
  }

  /** Those for whom the others were asked have waited for it; whoever has come meanwhile is next. */
  #recallEnded(entry: Entry): QuotaNotices {
    const waited = [...entry.lacking.keys()].filter((nth) => entry.recalledFor.has(nth))
    const answered = this.#answer(entry, waited)
    if (entry.lacking.size > 0) return [...answered, ...this.#serve(entry)]
    return waited.length > 0 ? answered : this.#topUp(entry)
  }

  /** Gives these what they lack, as far as it is free, and what is left over where nobody else lacks any. */
  #answer(entry: Entry, waited: readonly number[]): QuotaNotices {
    for (const nth of waited) {
      const need = entry.lacking.get(nth) ?? 0
      entry.held[nth] = (entry.held[nth] ?? 0) + Math.min(need, this.#free(entry))
      entry.lacking.delete(nth)
    }
    const left = entry.lacking.size === 0 ? this.#free(entry) : 0
    waited.forEach((nth, at) => {
      entry.held[nth] = (entry.held[nth] ?? 0) + evenPart(left, at, waited.length)
    })
    return waited.map((nth) => this.#tell(entry, nth))
  }

  /** Who has less than its even part gets it, of what is free. */
  #topUp(entry: Entry): QuotaNotices {
    return entry.held.flatMap((held, nth): QuotaNotices => {
      const more = this.#present[nth] === true ? Math.min(this.#even(entry.quota, nth) - held, this.#free(entry)) : 0
      if (more <= 0) return []
      entry.held[nth] = held + more
      return [this.#tell(entry, nth)]
    })
  }

  #recall(entry: Entry, nth: number, need: number, keep: number): readonly [number, QuotaNotice] {
    entry.recalled.add(nth)
    return [nth, { recall: { ...entry.quota, need, keep } }]
  }

  #tell({ quota, held }: Entry, nth: number): readonly [number, QuotaNotice] {
    return [nth, { holds: { ...quota, held: held[nth] ?? 0 } }]
  }

  #free({ quota: { quota }, held }: Entry): number {
    return Math.max(0, quota - sum(held))
  }

  #even({ quota }: Quota, nth: number): number {
    return evenPart(quota, nth, this.#present.length)
  }
}
