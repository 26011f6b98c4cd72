import { type CheckFinding, explainCall } from '../explain/explain-call.ts'
import { arrivalOf, type HypotheticalCall } from '../explain/hypothetical-call.ts'
import type { Clock } from '../lib/clock.ts'
import { loadTrustStore } from '../pki/load-trust-store.ts'
import type { PresentedCertificate } from '../pki/presented.ts'
import { createAllowances } from '../protection/allowances.ts'
import type { Registry } from '../registry/registry.ts'
import type { CertificateVerdict } from '../spine/arrival.ts'
import type { LoadedConfig } from './load-config.ts'

/** Who is locked out only a running proxy knows. */
const nobodyLockedOut = { size: 0, find: () => undefined, findSlow: () => undefined }

/** What each check makes of a call under these settings, as a proxy that has just started would. Nothing is sent, recorded or taken. */
export function explainOffline(
  { config }: LoadedConfig,
  registry: Registry,
  clock: Clock,
  call: HypotheticalCall,
): readonly CheckFinding[] {
  return explainCall(arrivalOf(call, registry, config.listener, clock), {
    ...{ settings: config.checks, clock, allowances: createAllowances(clock.elapsed), lockouts: nobodyLockedOut },
  })
}

/** What a certificate is worth by the anchors and revocation lists in the files of these settings. Rejects with `PkiRejected`. */
export async function judgeOffline(
  { config, baseDir }: LoadedConfig,
  presented: PresentedCertificate,
  now: number,
): Promise<CertificateVerdict> {
  return (await loadTrustStore(config.trust, baseDir)).judge(presented, now)
}
