import type { DialGuard } from '../forwarding/dial-guard.ts'
import { isOwnListener } from '../forwarding/own-listener.ts'
import type { MayNotDial } from '../pki/fetch-bytes.ts'

/** The dial guard, and our own ports, for whoever fetches revocation data: the rules are those of the providers' leg. */
export function createMayNotDial(guard: DialGuard, ownPorts: () => readonly number[]): MayNotDial {
  return (address, port) => {
    if (isOwnListener({ address, port }, ownPorts())) return 'it leads to this proxy itself'
    const verdict = guard(address)
    return verdict.allowed ? undefined : verdict.reason
  }
}
