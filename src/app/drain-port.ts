import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from '../lib/logger.ts'
import type { ListenerSettings } from '../listener/listener-settings.ts'
import type { Listener } from '../listener/tls-listener.ts'

/** Waits until whoever asks for readiness has seen it fail, then closes the port and lets calls end in their time. Resolves when no consumer is connected. */
export async function drainPort(listener: Pick<Listener, 'drain'>, settings: ListenerSettings, logger: Logger): Promise<void> {
  const { drainNoticeSeconds, drainSeconds } = settings
  logger.info({ noticeSeconds: drainNoticeSeconds, seconds: drainSeconds }, 'draining')
  if (drainNoticeSeconds > 0) await pause(drainNoticeSeconds * 1000)
  const left = await listener.drain(drainSeconds * 1000)
  if (left > 0) logger.warn({ left }, 'calls outlived the drain and were ended')
}
