import type { OutcomeEntry } from './entry.ts'

/**
 * The outcome of an exchange that was forwarded and whose process ended before the outcome was on disk. What the consumer was answered, and
 * what was transferred, nobody knows: status 0, no bytes and no phases stand for that.
 */
export function interruptedOutcome(exchange: string, at: number): OutcomeEntry {
  return {
    v: 1,
    type: 'outcome',
    at,
    exchange,
    end: 'interrupted',
    status: 0,
    origin: 'proxy',
    rule: 'interrupted',
    reason: 'The proxy stopped before the outcome was recorded.',
    requestBytes: 0,
    responseBytes: 0,
    phases: {},
    personal: {},
  }
}
