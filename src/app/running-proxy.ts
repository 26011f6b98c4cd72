import type { Logger } from '../lib/logger.ts'
import type { ControlPlane } from './control-plane.ts'
import type { ReloadResult } from './reloading.ts'
import { startRefused } from './start-refused.ts'
import { createStartedParts, type StartedParts } from './started-parts.ts'

/** A running proxy. */
export interface RunningProxy {
  readonly dataPort: number
  readonly opsPort: number
  readonly socketPath: string
  /** Reads settings, certificates, lists and registry anew: whole, or not at all. */
  reload(actor: string): Promise<ReloadResult>
  /** Takes note of an error that reached nobody: logged and counted; the process lives, and calls go on. */
  unforeseen(error: unknown): void
  /** Drains and stops, in reverse order of the start. Once. */
  close(): Promise<void>
}

/** Starts in order; rejects with `StartRefused` or `ConfigRejected`, with nothing left running. */
export async function startWhole(start: (parts: StartedParts) => Promise<RunningProxy>): Promise<RunningProxy> {
  const parts = createStartedParts()
  try {
    return await start(parts)
  } catch (error) {
    await parts.stopAll()
    throw startRefused(error, 'start')
  }
}

/** The proxy that a data path and its control make. */
export function runningProxy(
  data: { readonly port: number; drain(): Promise<void> },
  control: ControlPlane,
  parts: StartedParts,
  logger: Logger,
): RunningProxy {
  let closing = false
  return {
    get dataPort() {
      return data.port
    },
    get opsPort() {
      return control.opsPort
    },
    socketPath: control.socketPath,
    reload: control.reload,
    unforeseen: control.unforeseen,
    async close() {
      if (closing) return
      closing = true
      await control.draining()
      await data.drain()
      await parts.stopAll()
      logger.info('stopped')
    },
  }
}
