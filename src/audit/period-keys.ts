import { createHmac, hkdfSync, randomBytes, randomFillSync } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditedPersonal } from './entry.ts'
import { ifThere } from './if-there.ts'
import { destroyKeyFile, readKeyFile, readOrMakeKeyFile } from './key-file.ts'
import { nonceBytes, openBytes, sealBytes } from './sealed-bytes.ts'
import type { StoredPersonal } from './stored-personal.ts'
import { writeFault } from './write-fault.ts'

/**
 * The keys of what names people, one for each calendar month (UTC, `2026-11`). Once a month's key is destroyed, what was sealed under it is
 * gone, and the log that holds it still verifies.
 */
export interface PeriodKeys {
  /** The periods whose key is there, the oldest first. */
  readonly periods: readonly string[]
  /**
   * What stands in the log for `text`, the JSON of what names people, and for NHS numbers, in the record of that index. The period's key is
   * made where there is none; where it cannot be made, as on a full disk, or its file holds none, the newest older one serves. Throws where there is none at all.
   */
  seal(text: string, subjects: readonly string[], at: number, log: string, index: number): StoredPersonal
  /** What was sealed; undefined where the key is destroyed or damaged, or this is not what was sealed for that record of that log. Subjects stay hashed. */
  open(stored: StoredPersonal, log: string, index: number): AuditedPersonal | undefined
  /** What the log holds for an NHS number in that period; undefined where the period's key is not there. */
  subjectHash(period: string, nhsNumber: string): string | undefined
  /** What `seal` would put for an NHS number at that time; makes and throws as it does. */
  subjectHashAt(at: number, nhsNumber: string): string
  /** The key of that period's hashes, from which nothing else of the period can be learned; undefined where the period's key is not there. */
  subjectKey(period: string): Buffer | undefined
  /** Destroys the keys of all periods before this one, and names them. */
  destroyBefore(period: string): readonly string[]
  /**
   * Holds the key that seals against its file. One of the present month that is gone is put back from memory, or nobody could open what was sealed under it; an
   * older month's is not, for it may have been destroyed. `tell` is told, in a sentence, when a file was put back. Never throws.
   */
  look(now: number, tell: (message: string) => void): void
  /** Why what names people is sealed under another key than its month's, or under one that its file does not hold, as of the last look. */
  readonly fault: string | undefined
}

const keyBytes = 32
const nameForm = /^(\d{4,6}-\d{2})\.key$/

function derived(key: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', use, 32))
}

/** Whether a file holds a key. A full disk or a power cut leaves one that is too short, or zeros: anybody could open what those seal. */
function isKey(bytes: Uint8Array): boolean {
  return bytes.length === keyBytes && bytes.some((byte) => byte !== 0)
}

/** The same sentence as long as it is the same fault: the system's own names a draft, which has another name each time. */
function whyNot(error: unknown, path: string): string {
  const { code, syscall } = error as NodeJS.ErrnoException
  return syscall === undefined || code === 'ENOSPC' ? writeFault(error) : `${path} cannot be read or made (${code})`
}

const subjectsOf = (key: Uint8Array): Buffer => derived(key, 'ssp-audit-subjects-1')

/** Binds to log, index and field: a sealed text put anywhere else does not open. */
function boundTo(log: string, index: number): Buffer {
  return Buffer.from(`ssp-audit-personal-1\n${log}\n${index}\npersonal`)
}

/**
 * What stands for an NHS number under a period's key of hashes. 128 bits: NHS numbers are fewer than 2 to the 34th, so that two with one hash
 * are not to be expected.
 */
export function subjectHashUnder(key: Uint8Array, nhsNumber: string): string {
  return createHmac('sha256', key).update(nhsNumber).digest().subarray(0, 16).toString('base64url')
}

/**
 * Random nonces, drawn ahead: a counter would repeat after a write that failed, or in a restored copy of a log. Each log has its own key in
 * each period, so that a month of 1,000 records a second stays under the 2^32 that NIST SP 800-38D 8.3 allows one key.
 */
function createNonces(): () => Buffer {
  const pool = Buffer.alloc(256 * nonceBytes)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    used += nonceBytes
    return pool.subarray(used - nonceBytes, used)
  }
}

interface Sealing {
  readonly period: string
  readonly log: string
  readonly key: Buffer
  readonly seal: Buffer
  readonly subjects: Buffer
}

/** The keys in `dataDirectory/keys`, shared by all processes of the machine. Nothing is made before something is sealed. */
export function openPeriodKeys(dataDirectory: string): PeriodKeys {
  const directory = join(dataDirectory, 'keys')
  const nonce = createNonces()
  let current: Sealing | undefined
  /** Why an older month's key serves. */
  let instead: string | undefined
  let fault: string | undefined

  function pathOf(period: string): string {
    return join(directory, `${period}.key`)
  }
  function keyOf(period: string): Buffer | undefined {
    const bytes = /^\d{4,6}-\d{2}$/.test(period) ? readKeyFile(pathOf(period)) : undefined
    return bytes !== undefined && isKey(bytes) ? bytes : undefined
  }
  function periods(): readonly string[] {
    const names = ifThere(() => readdirSync(directory)) ?? []
    return names.flatMap((name) => nameForm.exec(name)?.[1] ?? []).sort()
  }
  function subjectKey(period: string): Buffer | undefined {
    const key = keyOf(period)
    return key === undefined ? undefined : subjectsOf(key)
  }
  /** The period's key, made where there is none, or the newest older one, and why. */
  function usableKey(period: string): { readonly period: string; readonly key: Buffer; readonly why?: string } {
    try {
      const key = readOrMakeKeyFile(pathOf(period), () => randomBytes(keyBytes))
      if (!isKey(key)) throw new Error(`${pathOf(period)} holds no key: put it back from a backup, or move it away, and another is made`)
      return { period, key }
    } catch (error) {
      const older = periods().findLast((one) => one < period)
      if (older === undefined) throw error
      return { ...usableKey(older), why: whyNot(error, pathOf(period)) }
    }
  }
  function faultOfFile(now: number, tell: (message: string) => void): string | undefined {
    const using = current
    if (using === undefined) return undefined
    const path = pathOf(using.period)
    try {
      const there = readKeyFile(path)
      if (there?.equals(using.key) === true) return undefined
      if (there === undefined && using.period === periodOf(now)) {
        readOrMakeKeyFile(path, () => using.key)
        tell(`${path} was gone and was put back: find out who removed it`)
        return undefined
      }
      if (there === undefined) return `${path} is gone, under which this process seals what names people: nobody can open that`
      return `${path} is not the key under which this process seals what names people, which nobody can open with it: put it back`
    } catch (error) {
      return `the key under which this process seals what names people cannot be had: ${writeFault(error)}`
    }
  }
  function sealingOf(wanted: string, log: string): Sealing {
    if (current?.period === wanted && current.log === log) return current
    const { period, key, why } = usableKey(wanted)
    instead = why === undefined ? undefined : `what names people is sealed under the key of ${period} instead of that of ${wanted}: ${why}`
    current = { period, log, key, seal: derived(key, `ssp-audit-seal-1\n${log}`), subjects: subjectsOf(key) }
    return current
  }

  return {
    get periods() {
      return periods()
    },
    seal(text, subjects, at, log, index) {
      const under = sealingOf(periodOf(at), log)
      return {
        period: under.period,
        sealed: sealBytes(under.seal, nonce(), boundTo(log, index), text),
        ...(subjects.length > 0 && { subjects: subjects.map((one) => subjectHashUnder(under.subjects, one)) }),
      }
    },
    open({ period = '', sealed, subjects }, log, index) {
      const hashed = subjects === undefined ? {} : { subjects }
      if (sealed === undefined) return hashed
      const key = keyOf(period)
      if (key === undefined) return undefined
      const text = openBytes(derived(key, `ssp-audit-seal-1\n${log}`), boundTo(log, index), sealed)?.toString('utf8')
      try {
        return text === undefined ? undefined : { ...(JSON.parse(text) as AuditedPersonal), ...hashed }
      } catch {
        return undefined
      }
    },
    subjectHash(period, nhsNumber) {
      const key = subjectKey(period)
      return key === undefined ? undefined : subjectHashUnder(key, nhsNumber)
    },
    subjectHashAt: (at, nhsNumber) => subjectHashUnder(subjectsOf(usableKey(periodOf(at)).key), nhsNumber),
    subjectKey,
    destroyBefore(period) {
      const past = periods().filter((one) => one < period)
      for (const one of past) {
        destroyKeyFile(pathOf(one))
        if (current?.period === one) current = undefined
      }
      return past
    },
    look(now, tell) {
      fault = faultOfFile(now, tell) ?? instead
    },
    get fault() {
      return fault
    },
  }
}

/** The month that was asked for last, and its first instant and the next one's: nearly every record is of the same. */
let month = { period: '', from: 0, until: 0 }

/** The period of a time, ms since 1970. */
export function periodOf(at: number): string {
  if (at < month.from || at >= month.until) {
    const day = new Date(at)
    const [year, number] = [day.getUTCFullYear(), day.getUTCMonth()]
    month = { period: day.toISOString().slice(0, -17), from: Date.UTC(year, number), until: Date.UTC(year, number + 1) }
  }
  return month.period
}

/** When a period begins, ms since 1970. */
export function periodStart(period: string): number {
  const [year, month] = period.split('-').map(Number)
  return Date.UTC(year ?? 0, (month ?? 1) - 1)
}
