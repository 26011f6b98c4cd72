import { ConfigRejected } from './config-rejected.ts'

/** The proxy does not start, or does not take a reload: something that the operator can mend. One sentence a problem. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

/** Errors of the parts that say what is wrong with what they were given, by name: each message is fit for the operator. */
const explained: ReadonlySet<string> = new Set([
  'PkiRejected',
  'RegistryRejected',
  'LockoutsUnreadable',
  'OpsSettingsRejected',
  'ControlSocketRefused',
  'NotPrivate',
  'LogLocked',
  'LogDamaged',
  'AuditUnavailable',
])

/** Turns what a part threw while starting into a refusal with a clear sentence; anything nobody foresaw is thrown on. */
export function startRefused(error: unknown, what: string): Error {
  if (error instanceof StartRefused || error instanceof ConfigRejected) return error
  if (!(error instanceof Error)) return new Error(String(error))
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE')
    return new StartRefused(
      `${what}: port ${port ?? '?'} on ${address ?? 'this machine'} is taken by another program; free it, or choose another in the settings.`,
    )
  // What the system denies, a path or an address, is the operator's to mend; its message names the place.
  const denied = code !== undefined && syscall !== undefined
  return denied || explained.has(error.name) ? new StartRefused(`${what}: ${error.message}`) : error
}
