import { resolve } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { openControlSocket } from './control-socket.ts'
import type { OwnCertificate } from './expiry-gauges.ts'
import type { OpsParts } from './ops-parts.ts'
import { openOpsPort } from './ops-port.ts'
import type { OpsSettings } from './ops-settings.ts'

/** Where the operators' leg stands in its surroundings. */
export interface OpsPlace {
  readonly dataDirectory: string
  readonly clock: Clock
  /** SHA-256, lower-case hex, of every anchor of the data port: none may be an operators' anchor. */
  readonly dataAnchors: ReadonlySet<string>
}

/** The running operators' leg: its port and its control socket. */
export interface OpsServer {
  readonly port: number
  readonly socketPath: string
  /** As `OpsPort.certificates`. */
  readonly certificates: readonly OwnCertificate[]
  /** As `OpsPort.reload`; the socket stays where it was at the start. */
  reload(settings: OpsSettings, dataAnchors: ReadonlySet<string>): Promise<void>
  close(): Promise<void>
}

/** Opens the control socket, then the operators' port. Rejects with `ControlSocketRefused` or `OpsSettingsRejected`, with nothing left open. */
export async function startOps(
  parts: OpsParts,
  settings: OpsSettings,
  { dataDirectory, clock, dataAnchors }: OpsPlace,
): Promise<OpsServer> {
  const requests = parts.metrics.counter('ssp_operators_requests_total', 'Requests on the operators’ leg.', ['door', 'route', 'status'])
  const socketPath = resolve(dataDirectory, settings.socket)
  const socket = await openControlSocket(parts, socketPath, requests)
  try {
    const open = await openOpsPort(parts, settings, clock, dataAnchors, requests)
    return {
      get port() {
        return open.port
      },
      socketPath,
      get certificates() {
        return open.certificates
      },
      reload: open.reload,
      async close() {
        await Promise.all([open.close(), socket.close()])
      },
    }
  } catch (error) {
    await socket.close()
    throw error
  }
}
