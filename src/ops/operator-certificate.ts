import type { TLSSocket } from 'node:tls'
import { subjectOf } from '../pki/certificate.ts'
import type { Operator } from './ops-app.ts'
import type { OpsSettings } from './ops-settings.ts'
import { Problem } from './problem.ts'

/** An operator, and the certificate that says so. */
export interface CertifiedOperator extends Operator {
  readonly sha256: string
  /** Ms since 1970. */
  readonly notAfter: number
}

/** What of the settings decides about a certificate. */
type Admission = Pick<OpsSettings, 'anchors' | 'roles' | 'revoked'>

/**
 * The operator whose certificate the connection showed, decided anew for each request. Throws a 403 `Problem` unless it chains to the
 * operators' anchors for client authentication, is in date at `now` (ms since 1970: a connection or a resumed session can outlive it),
 * is not revoked and has a role.
 */
export function operatorByCertificate(socket: TLSSocket, settings: Admission, now: number): CertifiedOperator {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Problem(403, 'This needs an operators’ certificate.')
  const inDate = certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime()
  if (settings.anchors.length === 0 || !socket.authorized || !inDate)
    throw new Problem(403, 'This certificate is not a valid operators’ certificate.')
  const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  if (settings.revoked.includes(sha256)) throw new Problem(403, 'This certificate is not a valid operators’ certificate.')
  const commonName: unknown = certificate.toLegacyObject().subject.CN
  const granted = settings.roles.filter((entry) => ('sha256' in entry ? entry.sha256 === sha256 : entry.commonName === commonName))
  if (granted.length === 0) throw new Problem(403, 'This certificate has no role here.')
  const role = granted.some((entry) => entry.role === 'operator') ? 'operator' : 'viewer'
  return { actor: `${sha256} ${subjectOf(certificate)}`, role, sha256, notAfter: certificate.validToDate.getTime() }
}
