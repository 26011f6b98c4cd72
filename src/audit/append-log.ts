import { join } from 'node:path'
import type { AppendLogOptions } from './append-log-options.ts'
import { AuditUnavailable } from './audit-trail.ts'
import type { Claim } from './claim.ts'
import type { AuditEntry, OperationEntry } from './entry.ts'
import { groupBytes } from './group-bytes.ts'
import { type Handover, handoverIn } from './log-handover.ts'
import { headerBehind, headerLine, segmentName } from './log-line.ts'
import { beginningKey } from './log-owner.ts'
import type { LogEnd } from './log-recovery.ts'
import { type LogSegment, lookAtSegment } from './log-segment.ts'
import type { Frontier } from './merkle-tree.ts'
import type { OpenExchanges } from './open-exchanges.ts'
import { type Pending, PendingQueue } from './pending-queue.ts'
import type { ReceiptProof } from './receipt-proof.ts'
import { draftOf } from './stored-entry.ts'
import { writeFault } from './write-fault.ts'

/** Bytes that may wait for the disk, of all entries together; more is refused. */
const mostPending = 64 * 1_048_576
/** One entry. The proxy's own limits on targets and tokens keep entries far below. */
const mostInEntry = 1_048_576
/** Milliseconds after which a write under way means that the disk takes nothing. */
const longestWrite = 5000
/** Kept entries that wait while the disk takes none; beyond, the oldest is given up. */
const mostKept = 100_000

const unavailable = (reason: string, cause?: unknown): AuditUnavailable =>
  new AuditUnavailable(`the audit log takes no record: ${reason}`, { cause })

/**
 * An append-only log in segments. Entries that come while one write runs share the next (group commit), and each is confirmed once the
 * disk has confirmed its group. After any failed write the end of the file is unknown, and after a failed sync so is the page cache: the
 * group is refused, the file cut back to the last confirmed record, and the log goes on in a new segment that continues that record's chain.
 */
export class AppendLog {
  readonly #options: AppendLogOptions
  readonly #open: OpenExchanges
  #end: LogEnd
  readonly #queue = new PendingQueue()
  #segment: LogSegment | undefined
  #down: string | undefined
  /** Monotonic time when the write that is under way began. */
  #writingSince: number | undefined
  #scheduled = false
  /** An entry waits that is more than dispensable. */
  #urgent = false
  #sharing: NodeJS.Timeout | undefined
  #working: Promise<void> | undefined
  #closed = false

  constructor(options: AppendLogOptions, end: LogEnd, open: OpenExchanges) {
    this.#options = options
    this.#end = end
    this.#open = open
  }

  /** `node/worker`. */
  get name(): string {
    return this.#options.name
  }

  /** Why nothing can be written now; undefined where it can. */
  get down(): string | undefined {
    const slow = this.#writingSince !== undefined && this.#options.clock.elapsed() - this.#writingSince > longestWrite
    return this.#down ?? (slow ? `the disk has not answered for ${longestWrite / 1000} seconds` : undefined)
  }

  /** Exchanges whose forwarding entry is on disk and whose outcome is not. */
  get openExchanges(): readonly string[] {
    return this.#open.list()
  }

  /** From which key to which the log was handed over, in order. */
  get handovers(): readonly Handover[] {
    return this.#end.handovers
  }

  /** Verifier text of the key that signed the log first; undefined until it has a segment that says so. */
  get firstKey(): string | undefined {
    return this.#end.firstKey
  }

  /** All that is on disk. */
  get tree(): Frontier {
    return this.#end.tree
  }

  /**
   * Resolves with the entry's receipt once it is on disk. Rejects with `AuditUnavailable`: a `kept` entry only when it is still not written
   * at closing, has more than 1 MiB, or is the oldest of more than 100,000 that wait.
   */
  append(entry: AuditEntry, claim: Claim): Promise<ReceiptProof> {
    return new Promise((resolve, reject) => {
      const kept = claim === 'kept'
      if (this.#closed) return reject(unavailable('it is closed'))
      const down = this.down
      if (down !== undefined && !kept) return reject(unavailable(down))
      const draft = draftOf(entry)
      if (draft.bytes > mostInEntry) return reject(unavailable(`${draft.bytes} bytes are more than the ${mostInEntry} of an entry`))
      const room = claim === 'dispensable' ? mostPending / 2 : mostPending
      if (this.#queue.bytes + draft.bytes > room && !kept) return reject(unavailable(`${this.#queue.bytes} bytes wait for the disk`))
      if (this.#down !== undefined && this.#queue.length >= mostKept) {
        this.#queue.takeOldest()?.reject(unavailable('too many entries wait for the disk'))
      }
      this.#queue.push({ entry, draft, kept, resolve, reject })
      this.#urgent ||= claim !== 'dispensable'
      this.#schedule()
    })
  }

  /** Begins a segment where there is none, as after a failure, or where the one that is written was removed, and writes what was kept. Never rejects. */
  async retry(): Promise<void> {
    const segment = this.#segment
    if (segment !== undefined) await lookAtSegment(segment)
    if (segment === this.#segment && (segment === undefined || segment.gone !== undefined) && !this.#closed) await this.#work()
  }

  /** Writes what waits, if the disk takes it, and closes. Never rejects; what could not be written is rejected, kept or not. */
  async close(): Promise<void> {
    clearTimeout(this.#sharing)
    await this.#working
    do await this.#work()
    while (this.#queue.length > 0 && this.#down === undefined)
    this.#closed = true
    for (const { reject } of this.#queue.takeAllAfter([])) reject(unavailable('it is closed'))
    await this.#leaveSegment()
  }

  #schedule(): void {
    if (this.#scheduled || this.#working !== undefined || this.#down !== undefined) return
    const { groupDelayMs, refusalDelayMs } = this.#options.writing()
    if (!this.#urgent) {
      this.#sharing ??= setTimeout(() => {
        this.#sharing = undefined
        if (this.#queue.length > 0) void this.#work()
      }, refusalDelayMs)
      return
    }
    this.#scheduled = true
    const start = (): void => {
      this.#scheduled = false
      if (this.#queue.length > 0) void this.#work()
    }
    // Not at once: what this turn of the event loop still brings shares the write.
    if (groupDelayMs === 0) setImmediate(start)
    else setTimeout(start, groupDelayMs)
  }

  #work(): Promise<void> {
    this.#working ??= this.#writeOnce().finally(() => {
      this.#working = undefined
      if (this.#queue.length > 0) this.#schedule()
    })
    return this.#working
  }

  /** One group, after a new segment where one is due. Never rejects. */
  async #writeOnce(): Promise<void> {
    let group: readonly Pending[] = []
    this.#writingSince = this.#options.clock.elapsed()
    try {
      let segment = this.#segment
      if (segment?.gone !== undefined) throw segment.gone
      if (segment === undefined || segment.bytes >= this.#options.writing().segmentBytes) segment = await this.#beginSegment()
      group = this.#queue.takeGroup()
      if (this.#queue.length === 0) this.#urgent = false
      if (group.length > 0) await this.#writeGroup(segment, group)
      this.#down = undefined
    } catch (error) {
      this.#down = writeFault(error)
      await this.#leaveSegment()
      this.#refuse(group, error)
    } finally {
      this.#writingSince = undefined
    }
  }

  async #writeGroup(segment: LogSegment, group: readonly Pending[]): Promise<void> {
    const { next: first, tree: before } = this.#end
    const { bytes, link, leaves } = groupBytes(group, { keys: this.#options.keys, log: this.#options.name, first, link: segment.link })
    // Signed while the disk writes. Nobody is given a signature of what the disk then does not confirm.
    const signing = this.#options.signer.group(before, leaves)
    signing.catch(() => {})
    await segment.file.append(bytes)
    const { tree, proof } = await signing
    segment.link = link
    segment.bytes += bytes.length
    const handed = group.flatMap(({ entry }) => handoverIn(entry as OperationEntry) ?? [])
    const handovers = handed.length === 0 ? this.#end.handovers : [...this.#end.handovers, ...handed]
    this.#end = { ...this.#end, next: tree.size, hash: link, tree, handovers, tail: { path: segment.path, bytes: segment.bytes } }
    this.#options.written?.(first, leaves)
    for (const [place, { entry, resolve }] of group.entries()) {
      this.#open.apply(entry)
      resolve(proof(place))
    }
  }

  /** Cuts off what was not confirmed, then begins the file that the next record goes to. */
  async #beginSegment(): Promise<LogSegment> {
    const { directory, files, name, clock, signer } = this.#options
    const { next, tail } = this.#end
    await this.#leaveSegment()
    // Whose log it is stands on disk before its first record.
    const firstKey = await beginningKey(directory, this.#end, signer)
    if (tail !== undefined) await files.truncate(tail.path, tail.bytes)
    const path = join(directory, segmentName(next))
    // A segment of that name holds no confirmed record: its first one is still to come.
    await files.remove(path)
    const file = await files.create(path)
    try {
      const header = headerLine(headerBehind({ ...this.#end, firstKey }, name, clock.now(), this.#open.list()))
      await file.append(Buffer.from(header.text, 'latin1'))
      await files.sync(directory)
      this.#end = { ...this.#end, firstKey }
      const known = await file.standsAt(path, header.text.length)
      this.#segment = { file, path, bytes: header.text.length, link: header.hash, known }
      return this.#segment
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #leaveSegment(): Promise<void> {
    const segment = this.#segment
    this.#segment = undefined
    try {
      await segment?.file.close()
    } catch {
      // Whatever closing says, what was confirmed is on disk, and nothing else counts.
    }
  }

  /** After a failure the kept entries wait on, in their order; the others are refused, those that came meanwhile as well. */
  #refuse(group: readonly Pending[], cause: unknown): void {
    for (const pending of this.#queue.takeAllAfter(group)) {
      if (pending.kept) this.#queue.push(pending)
      else pending.reject(unavailable(this.#down ?? '', cause))
    }
  }
}
