import type { WireLimits } from '../spine/wire-form.ts'
import type { ListenerSettings } from './listener-settings.ts'
import type { PaceLimits } from './transfer-pace.ts'

/** How much a consumer may send, and how long it may take. Milliseconds and bytes. A request keeps to its end what was in force when it began. */
export interface SocketLimits {
  readonly maxHeaderBytes: number
  readonly wire: WireLimits
  readonly headersMs: number
  readonly idleMs: number
  readonly body: PaceLimits
  readonly unreadAnswerMs: number
  /** What an answer says of how long the connection is kept, as header lines. */
  readonly keepAliveLines: string
}

/** The limits of these settings. */
export function socketLimitsOf(settings: ListenerSettings): SocketLimits {
  const { maxHeaders, maxTargetBytes, minimumBytesPerSecond, idleTimeoutSeconds } = settings
  return {
    maxHeaderBytes: settings.maxHeaderBytes,
    wire: { maxHeaders, maxTargetBytes },
    headersMs: settings.headersTimeoutSeconds * 1000,
    idleMs: idleTimeoutSeconds * 1000,
    body: {
      silenceMs: settings.bodySilenceSeconds * 1000,
      minimumBytesPerSecond,
      minimumRateAfterMs: settings.minimumRateAfterSeconds * 1000,
    },
    unreadAnswerMs: settings.unreadAnswerSeconds * 1000,
    keepAliveLines: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutSeconds)}\r\n`,
  }
}
