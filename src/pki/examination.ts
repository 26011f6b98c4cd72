import type { CertificateVerdict } from '../spine/arrival.ts'
import { publicKeySha256Of, type ReadCertificate, subjectOf } from './certificate.ts'
import { keyUsageBit } from './certificate-fields.ts'
import { certificateNames, mostNames, standInName } from './certificate-names.ts'
import type { Chain } from './chain.ts'
import { isSameName } from './distinguished-name.ts'
import { forbiddenName } from './name-constraints.ts'
import { listFor, type RevocationIndex } from './revocation-index.ts'
import { utc } from './utc.ts'

/** What a certificate is to be good for: `client` as a consumer, `server` as a provider. */
export type CertificateUsage = 'client' | 'server'

/** By what revocation is judged. */
export interface RevocationPolicy {
  readonly index: RevocationIndex
  readonly required: boolean
  readonly graceMs: number
}

/** Everything about one chain that time does not change, and the moments at which it stops being good. */
export type Examination =
  | { readonly kind: 'bad'; readonly reason: string }
  | {
      readonly kind: 'timed'
      readonly good: CertificateVerdict
      readonly limits: readonly TimeLimit[]
      readonly from: number
      readonly until: number
    }

/** Outside [from, until] (ms since 1970, both inclusive) the chain is bad for this reason. */
export interface TimeLimit {
  readonly from: number
  readonly until: number
  readonly early: string
  readonly late: string
}

const purposeOids: Readonly<Record<CertificateUsage, { readonly oid: string; readonly name: string; readonly bits: readonly number[] }>> = {
  client: { oid: '1.3.6.1.5.5.7.3.2', name: 'clientAuth', bits: [keyUsageBit.digitalSignature, keyUsageBit.keyAgreement] },
  server: {
    oid: '1.3.6.1.5.5.7.3.1',
    name: 'serverAuth',
    bits: [keyUsageBit.digitalSignature, keyUsageBit.keyEncipherment, keyUsageBit.keyAgreement],
  },
}
const anyExtendedKeyUsage = '2.5.29.37.0'

/** Examines a chain whose signatures are verified, as RFC 5280 section 6 has it but for policies. Costly; done once per certificate. */
export function examine(chain: Chain, usage: CertificateUsage, revocation: RevocationPolicy): Examination {
  const [leaf, ...issuers] = chain
  const reason = leafProblem(leaf, usage) ?? issuersProblem(chain, usage) ?? namesProblem(chain) ?? revocationProblem(chain, revocation)
  if (reason !== undefined) return { kind: 'bad', reason }
  const limits = [...chain.map(validity), ...issuers.flatMap((issuer) => freshness(issuer, revocation))]
  const good: CertificateVerdict = {
    kind: 'good',
    certificate: {
      sha256: leaf.sha256,
      publicKeySha256: publicKeySha256Of(leaf.x509),
      subject: subjectOf(leaf.x509),
      names: certificateNames(leaf.fields),
      notAfter: leaf.x509.validToDate.getTime(),
    },
  }
  return {
    kind: 'timed',
    good,
    limits,
    from: Math.max(...limits.map(({ from }) => from)),
    until: Math.min(...limits.map(({ until }) => until)),
  }
}

function leafProblem({ fields }: ReadCertificate, usage: CertificateUsage): string | undefined {
  const { oid, name, bits } = purposeOids[usage]
  if (fields.isCa) return "an authority's certificate, not a device's"
  if (fields.unknownCriticalExtension !== undefined) return `its critical extension ${fields.unknownCriticalExtension} is not understood`
  // RFC 5280 lets a certificate without the extension serve any purpose; here the purpose must be stated, and by its own name.
  if (!fields.extendedKeyUsage?.has(oid)) return `not issued for this purpose: the extended key usage lacks ${name}`
  if (fields.keyUsage !== undefined && !bits.some((bit) => fields.keyUsage?.has(bit))) return 'its key usage does not allow TLS'
  const dnsNames = fields.alternativeNames.filter(({ form }) => form === 'dns').length
  return dnsNames > mostNames ? `it bears ${dnsNames} names, more than ${mostNames}` : undefined
}

function issuersProblem([, ...issuers]: Chain, usage: CertificateUsage): string | undefined {
  let below = 0 // how many authorities that are not self-issued stand between this issuer and the leaf (RFC 5280 6.1.4 l, m)
  for (const { x509, fields } of issuers) {
    const who = subjectOf(x509)
    if (!fields.isCa) return `issued by a certificate that is no authority's: ${who}`
    if (fields.keyUsage?.has(keyUsageBit.keyCertSign) === false) return `its issuer may not sign certificates: ${who}`
    if (fields.pathLength !== undefined && below > fields.pathLength)
      return `more authorities in the chain than ${who} allows (path length ${fields.pathLength})`
    if (fields.unknownCriticalExtension !== undefined) {
      return `critical extension ${fields.unknownCriticalExtension} of its issuer is not understood: ${who}`
    }
    const purposes = fields.extendedKeyUsage
    if (purposes && !purposes.has(purposeOids[usage].oid) && !purposes.has(anyExtendedKeyUsage)) {
      return `its issuer may not issue for this purpose (${purposeOids[usage].name}): ${who}`
    }
    if (!isSameName(fields.subject, fields.issuer)) below += 1
  }
  return undefined
}

function namesProblem(chain: Chain): string | undefined {
  for (const [height, { x509, fields }] of chain.entries()) {
    if (fields.nameConstraints === undefined || height === 0) continue
    for (const [depth, lower] of chain.slice(0, height).entries()) {
      const isLeaf = depth === 0
      if (!isLeaf && isSameName(lower.fields.subject, lower.fields.issuer)) continue // RFC 5280 6.1.3 b
      const forbidden = forbiddenName(fields.nameConstraints, {
        subject: lower.fields.subject,
        alternative: lower.fields.alternativeNames,
        standIn: isLeaf ? standInName(lower.fields) : undefined,
      })
      if (forbidden !== undefined) return `${subjectOf(x509)} may not certify ${forbidden} (name constraints)`
    }
  }
  return undefined
}

function revocationProblem(chain: Chain, { index, required }: RevocationPolicy): string | undefined {
  for (const [height, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[height + 1] as ReadCertificate
    const crl = listFor(issuer, index, required)
    if (crl === undefined) {
      if (!required) continue
      return `revocation unknown: there is no revocation list of ${subjectOf(issuer.x509)}`
    }
    const when = crl.revoked.get(certificate.fields.serial)
    if (when === undefined) continue
    const serial = certificate.x509.serialNumber
    return height === 0
      ? `revoked on ${utc(when)}, serial ${serial}`
      : `its issuer was revoked on ${utc(when)}, serial ${serial}: ${subjectOf(certificate.x509)}`
  }
  return undefined
}

function validity({ x509 }: ReadCertificate, height: number): TimeLimit {
  const from = x509.validFromDate.getTime()
  const until = x509.validToDate.getTime()
  const [what, whose] = height === 0 ? ['certificate', ''] : ["its issuer's certificate", `: ${subjectOf(x509)}`]
  return { from, until, early: `${what} is not valid before ${utc(from)}${whose}`, late: `${what} expired on ${utc(until)}${whose}` }
}

function freshness(issuer: ReadCertificate, { index, required, graceMs }: RevocationPolicy): readonly TimeLimit[] {
  const crl = listFor(issuer, index, required)
  if (crl === undefined) return []
  // A list from the future is no reason to refuse: its signature is verified, and it knows more than one from the past would.
  const late = `revocation unknown: the revocation list of ${crl.issuer} was due to be replaced on ${utc(crl.nextUpdate)}`
  return [{ from: Number.NEGATIVE_INFINITY, until: crl.nextUpdate + graceMs, early: '', late }]
}
