import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { asciiJson } from './ascii-json.ts'
import { AuditUnavailable } from './audit-trail.ts'
import type { AuditEntry } from './entry.ts'
import type { LogFile, LogFiles } from './log-file.ts'
import { headerLine, recordLine, segmentName } from './log-line.ts'
import { findLogEnd, type LogEnd } from './log-recovery.ts'
import { createOpenExchanges, type OpenExchanges } from './open-exchanges.ts'
import { type Pending, PendingQueue } from './pending-queue.ts'
import { writeFault } from './write-fault.ts'

/** What a log is opened with. */
export interface AppendLogOptions {
  /** `node/worker`. */
  readonly name: string
  /** The log's own directory, locked by the caller. */
  readonly directory: string
  readonly segmentBytes: number
  readonly groupDelayMs: number
  readonly clock: Clock
  readonly files: LogFiles
}

/**
 * How much an entry matters while the disk is slow or takes nothing. `kept`: waits until it is written; `awaited`: refused at once when it
 * cannot be written; `dispensable`: refused already when half the memory for waiting entries is used.
 */
export type Claim = 'kept' | 'awaited' | 'dispensable'

interface Segment {
  readonly file: LogFile
  readonly path: string
  bytes: number
  /** Chain hash of the last line, the header's included. */
  link: string
}

/** Bytes that may wait for the disk, of all entries together; more is refused. */
const mostPending = 64 * 1_048_576
/** One entry. The proxy's own limits on targets and tokens keep entries far below. */
const mostInEntry = 1_048_576
/** Milliseconds that a dispensable entry may wait for others to share its write: nobody waits for it. */
const longestSharing = 100
/** Milliseconds after which a write under way means that the disk takes nothing. */
const longestWrite = 5000
/** Kept entries that wait while the disk takes none; beyond, the oldest is given up. */
const mostKept = 100_000

function unavailable(reason: string, cause?: unknown): AuditUnavailable {
  return new AuditUnavailable(`the audit log takes no record: ${reason}`, { cause })
}

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
  #segment: Segment | undefined
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

  /** Why nothing can be written now; undefined where it can. */
  get down(): string | undefined {
    const slow = this.#writingSince !== undefined && this.#options.clock.elapsed() - this.#writingSince > longestWrite
    return this.#down ?? (slow ? `the disk has not answered for ${longestWrite / 1000} seconds` : undefined)
  }

  /** Exchanges whose forwarding entry is on disk and whose outcome is not. */
  get openExchanges(): readonly string[] {
    return this.#open.list()
  }

  /**
   * Resolves with the entry's index once it is on disk. Rejects with `AuditUnavailable`: a `kept` entry only when it is still not written
   * at closing, has more than 1 MiB, or is the oldest of more than 100,000 that wait.
   */
  append(entry: AuditEntry, claim: Claim): Promise<number> {
    return new Promise((resolve, reject) => {
      const kept = claim === 'kept'
      if (this.#closed) return reject(unavailable('it is closed'))
      const down = this.down
      if (down !== undefined && !kept) return reject(unavailable(down))
      const json = asciiJson(entry)
      if (json.length > mostInEntry) return reject(unavailable(`${json.length} bytes are more than the ${mostInEntry} of an entry`))
      const room = claim === 'dispensable' ? mostPending / 2 : mostPending
      if (this.#queue.bytes + json.length > room && !kept) return reject(unavailable(`${this.#queue.bytes} bytes wait for the disk`))
      if (this.#down !== undefined && this.#queue.length >= mostKept) {
        this.#queue.takeOldest()?.reject(unavailable('too many entries wait for the disk'))
      }
      this.#queue.push({ entry, json, kept, resolve, reject })
      this.#urgent ||= claim !== 'dispensable'
      this.#schedule()
    })
  }

  /** Begins a segment where there is none, as after a failure, and writes what was kept. Never rejects. */
  async retry(): Promise<void> {
    if (this.#segment === undefined && !this.#closed) await this.#work()
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
    if (!this.#urgent) {
      this.#sharing ??= setTimeout(() => {
        this.#sharing = undefined
        if (this.#queue.length > 0) void this.#work()
      }, longestSharing)
      return
    }
    this.#scheduled = true
    const start = (): void => {
      this.#scheduled = false
      if (this.#queue.length > 0) void this.#work()
    }
    // Not at once: what this turn of the event loop still brings shares the write.
    if (this.#options.groupDelayMs === 0) setImmediate(start)
    else setTimeout(start, this.#options.groupDelayMs)
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
      if (segment === undefined || segment.bytes >= this.#options.segmentBytes) segment = await this.#beginSegment()
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

  async #writeGroup(segment: Segment, group: readonly Pending[]): Promise<void> {
    const first = this.#end.next
    let next = first
    let link = segment.link
    let text = ''
    for (const { json } of group) {
      const line = recordLine(link, next, first, json)
      link = line.hash
      text += line.text
      next += 1
    }
    await segment.file.append(Buffer.from(text, 'latin1'))
    segment.link = link
    segment.bytes += text.length
    this.#end = { next, hash: link, tail: { path: segment.path, bytes: segment.bytes } }
    let index = first
    for (const { entry, resolve } of group) {
      this.#open.apply(entry)
      resolve(index)
      index += 1
    }
  }

  /** Cuts off what was not confirmed, then begins the file that the next record goes to. */
  async #beginSegment(): Promise<Segment> {
    const { directory, files, name, clock } = this.#options
    const { next, hash, tail } = this.#end
    await this.#leaveSegment()
    if (tail !== undefined) await files.truncate(tail.path, tail.bytes)
    const path = join(directory, segmentName(next))
    // A segment of that name holds no confirmed record: its first one is still to come.
    await files.remove(path)
    const file = await files.create(path)
    try {
      const header = headerLine({ format: 1, log: name, first: next, prev: hash, at: clock.now(), open: this.#open.list() })
      await file.append(Buffer.from(header.text, 'latin1'))
      await files.sync(directory)
      this.#segment = { file, path, bytes: header.text.length, link: header.hash }
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

/** Finds where the log in the directory ends and begins a new segment there. Throws `LogDamaged`; a disk that takes nothing is tried again. */
export async function openAppendLog(options: AppendLogOptions): Promise<AppendLog> {
  const open = createOpenExchanges()
  const log = new AppendLog(options, await findLogEnd(options.files, options.directory, options.name, open), open)
  await log.retry()
  return log
}
