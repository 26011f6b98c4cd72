import { atMostEvery } from './at-most-every.ts'

/** Between two renewals that can wait: each request is judged for itself, so that a burst of lockouts, or of workers that ask, need not renew at each. */
const everyMs = 250

/** How ticket keys are renewed. */
export interface TicketRenewal {
  /** Now: trust or settings have changed. */
  now(): void
  /** Now, or a quarter of a second behind the last time that it was asked for so. */
  soon(): void
  stop(): void
}

/** Makes it of what makes every ticket worthless. */
export function ticketRenewal(renew: () => void): TicketRenewal {
  const { act, stop } = atMostEvery(everyMs, renew)
  return { now: renew, soon: act, stop }
}
