import type { FloodEntry } from './entry.ts'

/** How many refused calls a second get a record of their own. */
export interface FloodLimits {
  readonly perKeyPerSecond: number
  readonly perProcessPerSecond: number
}

/** Decides which refused calls get a record of their own. */
export interface FloodRule {
  /** Undefined where the call may have its own record; otherwise the key to count it under: the one over its limit, `*` for the process. */
  over(address: string, certificate: string | undefined, elapsed: number): string | undefined
}

/**
 * Windows of one second of the monotonic clock, for the process, each address and each certificate. A key is remembered only for a call that
 * is admitted, so that twice the process's limit bounds the memory, whatever comes.
 */
export function createFloodRule(limits: () => FloodLimits): FloodRule {
  let since = Number.NEGATIVE_INFINITY
  let admitted = 0
  const addresses = new Map<string, number>()
  const certificates = new Map<string, number>()
  return {
    over: (address, certificate, elapsed) => {
      const { perKeyPerSecond, perProcessPerSecond } = limits()
      if (elapsed - since >= 1000) {
        since = elapsed
        admitted = 0
        addresses.clear()
        certificates.clear()
      }
      const ofAddress = addresses.get(address) ?? 0
      const ofCertificate = certificate === undefined ? 0 : (certificates.get(certificate) ?? 0)
      if (certificate !== undefined && ofCertificate >= perKeyPerSecond) return certificate
      if (ofAddress >= perKeyPerSecond) return address
      if (admitted >= perProcessPerSecond) return '*'
      admitted += 1
      addresses.set(address, ofAddress + 1)
      if (certificate !== undefined) certificates.set(certificate, ofCertificate + 1)
      return undefined
    },
  }
}

type Count = FloodEntry['counts'][number]

/** Refused calls that wait to be recorded as counts. */
export interface RefusalCounts {
  /** `at` is wall-clock time in ms. */
  add(count: Count, at: number): void
  /** All counts since the last taking, or undefined where there are none. */
  take(): Pick<FloodEntry, 'since' | 'counts'> | undefined
}

/** Lines with a key of their own in one flood entry; the rest goes under `*`, so that a flood from everywhere stays small on the disk. */
const namedLines = 100

/** No call is lost: what has no line of its own is added to `*` of its rule and status. Rules and statuses are few, being the proxy's own. */
export function createRefusalCounts(): RefusalCounts {
  let since = 0
  let lines = new Map<string, Count>()
  function line({ rule, status, key }: Count): string {
    return `${rule}\n${status}\n${key}`
  }
  return {
    add: (count, at) => {
      if (lines.size === 0) since = at
      const named = line(count)
      const counted = lines.size < namedLines || lines.has(named) ? count : { ...count, key: '*' }
      const name = line(counted)
      lines.set(name, { ...counted, count: counted.count + (lines.get(name)?.count ?? 0) })
    },
    take: () => {
      if (lines.size === 0) return undefined
      const counts = [...lines.values()]
      lines = new Map()
      return { since, counts }
    },
  }
}
