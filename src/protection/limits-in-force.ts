import { type PartyLimit, rateOf } from './party-limit.ts'
import type { Amount, ThrottleSettings } from './throttle-settings.ts'
import { isWithin, wallClock } from './weekly-windows.ts'

/** The limits by whose parties a call is counted. `system` is the sending system. */
export type Dimension = 'system' | keyof ThrottleSettings['limits']

/** The limits of one dimension as they are now. */
export interface DimensionLimits {
  readonly dimension: Dimension
  readonly observe: boolean
  /** Undefined where only the parties named have limits. */
  readonly usual: PartyLimit | undefined
  readonly overrides: ReadonlyMap<string, PartyLimit>
}

const minuteMs = 60_000

/** The limits in force at a time (ms since 1970), by the schedule; dimensions without any are left out. Worked out once a minute. */
export function limitsInForce(settings: ThrottleSettings): (now: number) => readonly DimensionLimits[] {
  const wall = wallClock(settings.timeZone)
  const windows = Object.entries(settings.windows)
  let minute = Number.NaN
  let windowsNow: string | undefined
  let limits: readonly DimensionLimits[] = []
  return (now) => {
    // The offset of every zone from UTC is one of whole minutes, so nothing changes within one.
    const current = Math.floor(now / minuteMs)
    if (current === minute) return limits
    minute = current
    const time = wall(now)
    const begun = windows.filter(([, spans]) => spans.some((span) => isWithin(span, time))).map(([name]) => name)
    if (begun.join(' ') === windowsNow) return limits
    windowsNow = begun.join(' ')
    limits = limitsDuring(settings, begun)
    return limits
  }
}

/** The limits while these windows, in the order of the settings, have begun. */
export function limitsDuring(settings: ThrottleSettings, begun: readonly string[]): readonly DimensionLimits[] {
  const of = (dimension: Dimension, mode: string, usual: Amount, overrides: Readonly<Record<string, Amount>>): DimensionLimits => ({
    dimension,
    observe: mode === 'observe',
    usual: limitOf(usual, begun),
    overrides: new Map(Object.entries(overrides).map(([party, amount]) => [party, limitOf(amount, begun) ?? unlimited])),
  })
  const further = Object.entries(settings.limits).map(([name, { mode, overrides, ...usual }]) =>
    of(name as Dimension, mode, usual, overrides),
  )
  return [of('system', 'enforce', settings, settings.perSystem), ...further].filter(
    ({ usual, overrides }) => usual !== undefined || overrides.size > 0,
  )
}

/** A party that is named with nothing has no limit. */
const unlimited: PartyLimit = Object.freeze({})

function limitOf(amount: Amount, begun: readonly string[]): PartyLimit | undefined {
  const name = begun.find((one) => Object.hasOwn(amount.during, one))
  const change = name === undefined ? {} : (amount.during[name] ?? {})
  const scale = change.scale ?? 1
  const perSecond = change.requestsPerSecond ?? scaled(amount.requestsPerSecond, scale)
  const burst = change.burst ?? (change.requestsPerSecond === undefined ? scaled(amount.burst, scale) : undefined)
  const concurrent = change.concurrent ?? scaled(amount.concurrent, scale)
  const bytes = change.bytesInFlight ?? amount.bytesInFlight
  if (perSecond === undefined && concurrent === undefined && bytes === undefined) return undefined
  return {
    ...(perSecond !== undefined && { rate: rateOf(perSecond, burst ?? Math.ceil(perSecond * 2)) }),
    ...(concurrent !== undefined && { concurrent: Math.max(1, Math.floor(concurrent)) }),
    ...(bytes !== undefined && { bytes }),
  }
}

function scaled(value: number | undefined, scale: number): number | undefined {
  return value === undefined ? undefined : value * scale
}
