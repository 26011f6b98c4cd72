import { type Clock, isReached, momentIn } from '../lib/clock.ts'
import { nextFetchIn } from './crl-schedule.ts'
import type { CrlSource } from './crl-source.ts'
import { type FetchedBytes, fetchBytes, type MayNotDial } from './fetch-bytes.ts'
import { derObjects } from './pem-file.ts'
import type { AuthorityCrl } from './revocation-index.ts'

/** What a refresher needs. */
export interface CrlRefresherParts {
  readonly mayNotDial: MayNotDial
  /** For https, as PEM. */
  readonly anchors: () => readonly string[]
  /**
   * Verifies a fetched list and brings it into force where it is new. Returns what it says, known or new; throws an Error that says
   * why it is refused.
   */
  readonly offer: (der: Buffer, url: string) => readonly AuthorityCrl[]
  /** Told of every fetch that did not end well; the list in force stays. */
  readonly failed: (url: string, reason: string, failures: number) => void
  readonly clock: Clock
}

/** How an address has done. */
export interface CrlSourceState {
  readonly url: string
  /** When a list, or the word that it is unchanged, last came from it, ms since 1970; absent where none has since the start. */
  readonly succeededAt?: number
  readonly failures: number
  readonly lastFailure?: string
}

/** Fetches the lists of some addresses again and again, each at its own times. */
export interface CrlRefresher {
  readonly states: readonly CrlSourceState[]
  /** Takes the addresses anew; those that stay keep their times. */
  configure(sources: readonly CrlSource[]): void
  /** Asks all addresses now; resolves when each has answered or failed. Never rejects. */
  refresh(): Promise<void>
  close(): void
}

interface Course {
  readonly source: CrlSource
  timer?: NodeJS.Timeout
  underWay?: Promise<void>
  validators: Readonly<Record<string, string>>
  current?: { readonly thisUpdate: number; readonly nextUpdate: number }
  succeededAt?: number
  failures: number
  lastFailure?: string
}

const mostBytes = 16 * 1024 * 1024
const timeoutMs = 10_000
/** A clock that has jumped is noticed within this time: what was to be fetched next month may be due now. */
const lookMs = 10_000

/** Makes a refresher without addresses; `configure` starts it. */
export function createCrlRefresher(parts: CrlRefresherParts): CrlRefresher {
  const courses = new Map<string, Course>()

  function run(course: Course): Promise<void> {
    course.underWay ??= attempt(course, parts).finally(() => {
      delete course.underWay
      if (courses.get(course.source.url) === course) schedule(course)
    })
    return course.underWay
  }

  function schedule(course: Course): void {
    const history = { ...course.source, ...course }
    const { clock } = parts
    const due = momentIn(clock, nextFetchIn(history, clock.now(), Math.random()))
    const look = (): void => {
      clearTimeout(course.timer)
      if (isReached(clock, due)) void run(course)
      else course.timer = setTimeout(look, Math.min(lookMs, due.elapsed - clock.elapsed())).unref()
    }
    look()
  }

  function forget(course: Course): void {
    clearTimeout(course.timer)
    courses.delete(course.source.url)
  }

  return {
    get states() {
      return [...courses.values()].map(({ source: { url }, succeededAt, failures, lastFailure }) => ({
        url,
        failures,
        ...(succeededAt !== undefined && { succeededAt }),
        ...(lastFailure !== undefined && { lastFailure }),
      }))
    },
    configure(sources) {
      const next = new Map(sources.map((source) => [source.url, source]))
      for (const course of [...courses.values()]) {
        if (next.get(course.source.url)?.everySeconds === course.source.everySeconds && next.delete(course.source.url)) continue
        forget(course)
      }
      for (const source of next.values()) {
        const course: Course = { source, validators: {}, failures: 0 }
        courses.set(source.url, course)
        void run(course)
      }
    },
    async refresh() {
      await Promise.all([...courses.values()].map(run))
    },
    close() {
      for (const course of [...courses.values()]) forget(course)
    },
  }
}

async function attempt(course: Course, parts: CrlRefresherParts): Promise<void> {
  const { url } = course.source
  try {
    const fetched = await fetchBytes({
      url,
      method: 'GET',
      headers: { Accept: 'application/pkix-crl, application/octet-stream;q=0.5, */*;q=0.1', ...course.validators },
      maxBytes: mostBytes,
      timeoutMs,
      mayNotDial: parts.mayNotDial,
      anchors: parts.anchors(),
    })
    if (fetched.status === 200) takeLists(course, fetched, parts)
    course.succeededAt = parts.clock.now()
    course.failures = 0
    delete course.lastFailure
  } catch (error) {
    course.failures++
    course.validators = {} // what was refused once must not be answered by "unchanged"
    course.lastFailure = reasonOf(error)
    parts.failed(url, course.lastFailure, course.failures)
  }
}

function takeLists(course: Course, { headers, body }: FetchedBytes, { offer }: CrlRefresherParts): void {
  const lists = derObjects(body, 'X509 CRL').flatMap((der) => offer(der, course.source.url))
  if (lists.length === 0) throw new Error('its answer holds no revocation list')
  course.current = {
    thisUpdate: Math.min(...lists.map(({ thisUpdate }) => thisUpdate)),
    nextUpdate: Math.min(...lists.map(({ nextUpdate }) => nextUpdate)),
  }
  course.validators = {
    ...(headers.etag !== undefined && { 'If-None-Match': headers.etag }),
    ...(headers['last-modified'] !== undefined && { 'If-Modified-Since': headers['last-modified'] }),
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const text = message === '' || message === undefined ? (code ?? 'unknown') : message
  return text.slice(0, 300)
}
