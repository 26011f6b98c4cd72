import type { Start } from '../checks/check-needs.ts'
import { refuse } from '../spine/refusal.ts'
import type { LockedOut } from '../state/lockouts.ts'

/** How slow, and how many may wait. */
export interface SlowDownLimits {
  readonly slowMilliseconds: number
  readonly slowedAtOnce: number
  readonly slowedPerCertificate: number
}

const tooMany = refuse('throttle', 'TOO_MANY_REQUESTS', {
  reason: 'the certificate is slowed down, and too many of its requests wait already',
  headers: ['Retry-After', '5'],
  closes: true,
})

/**
 * Lets requests of whoever is slowed down wait before anything is decided, so that they hold no provider's place and no share of a rate.
 * Undefined for everybody else. The claimed `Ssp-From` only chooses among what this certificate's own bindings are slowed by: it can make
 * nobody else wait.
 */
export function createSlowDown(lockouts: LockedOut, limits: () => SlowDownLimits): (start: Start) => Promise<Start> | undefined {
  const waiting = new Map<string, number>()
  let all = 0

  return (start) => {
    const { certificateSha256: certificate } = start.connection
    if (lockouts.size === 0 || certificate === undefined) return undefined
    const slowed =
      lockouts.findSlow('certificate', certificate) ?? lockouts.findSlow('binding', `${certificate}:${start.headers.get('ssp-from') ?? ''}`)
    if (slowed === undefined) return undefined
    const { slowMilliseconds, slowedAtOnce, slowedPerCertificate } = limits()
    const own = waiting.get(certificate) ?? 0
    if (all >= slowedAtOnce || own >= slowedPerCertificate) return Promise.resolve({ ...start, form: tooMany })
    all++
    waiting.set(certificate, own + 1)
    return new Promise((resolve) => {
      setTimeout(() => {
        all--
        const left = (waiting.get(certificate) ?? 1) - 1
        if (left > 0) waiting.set(certificate, left)
        else waiting.delete(certificate)
        resolve(start)
      }, slowMilliseconds)
    })
  }
}
