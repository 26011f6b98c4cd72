import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { type RateLimit, takeFromRate } from '../protection/rate.ts'
import type { ExchangeObserver } from './observers.ts'

/** Lines a second about calls that went wrong; a flood is counted, not written. */
const linesLimit: RateLimit = { perSecond: 20, burst: 100 }

/** Writes a line about each call that did not go well, within bounds. Interaction and rule, never a URL or an identifier. */
export function exchangeLog(logger: Logger, clock: Clock): ExchangeObserver {
  let due: number | undefined
  let unwritten = 0
  return {
    began: () => undefined,
    ended: (exchange) => {
      const good = exchange.origin === 'none'
      if (!logger.isLevelEnabled(good ? 'debug' : 'info')) return
      const step = takeFromRate(linesLimit, due, clock.elapsed())
      due = step.due
      if (!step.status.allowed) {
        unwritten++
        return
      }
      const line = {
        exchange: exchange.arrival.exchange,
        status: exchange.status,
        origin: exchange.origin,
        rule: exchange.rule,
        end: exchange.end,
        ...(exchange.interactionId !== undefined && { interaction: exchange.interactionId }),
        ...(exchange.consumer !== undefined && { from: exchange.consumer.asid }),
        ...(exchange.endpoint !== undefined && { host: exchange.endpoint.host }),
        ...(exchange.reason !== undefined && { reason: exchange.reason }),
        ...(unwritten > 0 && { unwrittenBefore: unwritten }),
        milliseconds: Math.round((exchange.phases['total'] ?? 0) * 10) / 10,
      }
      unwritten = 0
      if (good) logger.debug(line, 'exchange')
      else logger.info(line, 'exchange')
    },
  }
}

/** Tells several observers, in order. */
export function allOf(observers: readonly ExchangeObserver[]): ExchangeObserver {
  return {
    began: () => {
      for (const observer of observers) observer.began()
    },
    ended: (end) => {
      for (const observer of observers) observer.ended(end)
    },
  }
}
