import { X509Certificate } from 'node:crypto'
import { type ReadCertificate, readCertificate } from './certificate.ts'
import { keyUsageBit } from './certificate-fields.ts'
import { DerMalformed, DerReader, type DerValue, derTag, openSequence } from './der.ts'
import { oidOf, timeOf, wholeBytesOf } from './der-values.ts'
import { isSameName, readDistinguishedName } from './distinguished-name.ts'
import { readExtensions, unknownCritical } from './extensions.ts'
import { isCertIdOf, keyHashOf, nonceOid, type OcspSubject } from './ocsp-request.ts'
import { isAcceptedSignature, isStrongKey, verifySignature } from './signature-algorithm.ts'

/** What was asked, and by what the answer is judged. */
export interface OcspQuestion extends OcspSubject {
  readonly nonce: Buffer
  /** ms since 1970. */
  readonly now: number
  /** Whether the issuer's revocation list names this serial: a responder's own certificate may be revoked. */
  readonly isRevoked: (serial: string) => boolean
}

/** What the responder says of the certificate; times in ms since 1970. */
export interface OcspAnswer {
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly revokedAt?: number
  readonly thisUpdate: number
  readonly nextUpdate?: number
}

const basicOid = '1.3.6.1.5.5.7.48.1.1'
const noCheckOid = '1.3.6.1.5.5.7.48.1.5'
const ocspSigning = '1.3.6.1.5.5.7.3.9'
const refusals: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
}
const skewMs = 300_000
/** An answer without nextUpdate and without our nonce counts only this long after its thisUpdate. */
const freshMs = 300_000
const mostResponses = 16
const mostCertificates = 4

/**
 * Reads and verifies an OCSPResponse (RFC 6960 4.2): signed by the issuer or by a responder that it has certified for that, about this
 * certificate, of now. Throws an Error that says what is wrong with it.
 */
export function readOcspResponse(der: Buffer, question: OcspQuestion): OcspAnswer {
  const basic = openBasicResponse(der)
  const data = basic.expect(derTag.sequence)
  const signatureOid = oidOf(basic.enter().next())
  const signature = wholeBytesOf(basic.next())
  const certificates = basic.optional(derTag.contextConstructed(0))
  basic.end()
  if (!isAcceptedSignature(signatureOid)) throw new Error('it is signed with an algorithm that is not accepted')

  const fields = new DerReader(data.content)
  fields.optional(derTag.contextConstructed(0))
  const responder = fields.next()
  fields.expect(derTag.generalizedTime)
  const responses = fields.enter()
  const wrapped = fields.optional(derTag.contextConstructed(1))
  fields.end()
  const signer = signerOf(responder, certificates, question)
  if (!verifySignature(signatureOid, data.whole, signer.x509.publicKey, signature))
    throw new Error('its signature is not that of its responder')

  const hasNonce = provesFreshness(wrapped, question.nonce)
  const answer = singleAnswer(responses, question)
  requireFresh(answer, hasNonce, question.now)
  return answer
}

function openBasicResponse(der: Buffer): DerReader {
  const response = openSequence(der)
  const status = response.expect(derTag.enumerated).content
  if (status.length !== 1) throw new DerMalformed('the status is not one byte')
  const code = status[0] as number
  if (code !== 0) throw new Error(`the responder answers ${refusals[code] ?? code}`)
  const bytes = new DerReader(response.expect(derTag.contextConstructed(0)).content).enter()
  response.end()
  if (oidOf(bytes.next()) !== basicOid) throw new Error('it is no basic response')
  return openSequence(bytes.expect(derTag.octetString).content)
}

/** The issuer itself or, among the certificates sent along, a responder that this very issuer has certified (RFC 6960 4.2.2.2). */
function signerOf(responder: DerValue, sent: DerValue | undefined, question: OcspQuestion): ReadCertificate {
  if (isNamed(responder, question.issuer)) return question.issuer
  const list = sent === undefined ? undefined : new DerReader(sent.content).enter()
  for (let seen = 0; list !== undefined && !list.done && seen < mostCertificates; seen++) {
    const candidate = readCertificate(new X509Certificate(list.expect(derTag.sequence).whole))
    if (!isNamed(responder, candidate)) continue
    const fault = delegationFault(candidate, question)
    if (fault !== undefined) throw new Error(`the responder's certificate ${fault}`)
    return candidate
  }
  throw new Error('it is signed by nobody whom the issuer has certified for that')
}

function isNamed(responder: DerValue, { x509, fields }: ReadCertificate): boolean {
  const inner = new DerReader(responder.content)
  switch (responder.tag) {
    case derTag.contextConstructed(1):
      return isSameName(readDistinguishedName(inner.expect(derTag.sequence)), fields.subject)
    case derTag.contextConstructed(2):
      return inner.expect(derTag.octetString).content.equals(keyHashOf(x509.publicKey))
    default:
      throw new DerMalformed('the responder is named in an unknown form')
  }
}

function delegationFault({ x509, fields }: ReadCertificate, { issuer, now, isRevoked }: OcspQuestion): string | undefined {
  if (!x509.checkIssued(issuer.x509) || !x509.verify(issuer.x509.publicKey)) return 'was not issued by the authority that is asked about'
  if (!isAcceptedSignature(fields.signatureOid) || !isStrongKey(x509.publicKey)) return 'has a signature or key that is not accepted'
  if (!fields.extendedKeyUsage?.has(ocspSigning)) return 'is not for signing OCSP answers'
  if (fields.keyUsage?.has(keyUsageBit.digitalSignature) === false) return 'is not for signing'
  if (fields.unknownCriticalExtension !== undefined)
    return `has a critical extension that is not understood: ${fields.unknownCriticalExtension}`
  if (now < x509.validFromDate.getTime() || now > x509.validToDate.getTime()) return 'is not in date'
  return !fields.extensions.has(noCheckOid) && isRevoked(fields.serial) ? 'is revoked' : undefined
}

/** Whether the answer bears our nonce. One that bears another was made for somebody else; one without may have been made in advance. */
function provesFreshness(wrapped: DerValue | undefined, nonce: Buffer): boolean {
  if (wrapped === undefined) return false
  const extensions = readExtensions(new DerReader(wrapped.content).next())
  const unknown = unknownCritical(extensions, new Set([nonceOid]))
  if (unknown !== undefined) throw new Error(`its critical extension ${unknown} is not understood`)
  const own = extensions.get(nonceOid)
  if (own === undefined) return false
  if (!new DerReader(own.value).expect(derTag.octetString).content.equals(nonce)) throw new Error('its nonce is not that of the question')
  return true
}

function singleAnswer(responses: DerReader, question: OcspQuestion): OcspAnswer {
  for (let seen = 0; !responses.done && seen < mostResponses; seen++) {
    const single = responses.enter()
    const isOurs = isCertIdOf(single.enter(), question)
    const status = single.next()
    const thisUpdate = timeOf(single.expect(derTag.generalizedTime))
    const next = single.optional(derTag.contextConstructed(0))
    const wrapped = single.optional(derTag.contextConstructed(1))
    single.end()
    if (!isOurs) continue
    const unknown = wrapped && unknownCritical(readExtensions(new DerReader(wrapped.content).next()), new Set())
    if (unknown !== undefined) throw new Error(`its critical extension ${unknown} is not understood`)
    const nextUpdate = next && timeOf(new DerReader(next.content).expect(derTag.generalizedTime))
    return { ...statusOf(status), thisUpdate, ...(nextUpdate !== undefined && { nextUpdate }) }
  }
  throw new Error('it does not speak of the certificate that was asked about')
}

function statusOf({ tag, content }: DerValue): Pick<OcspAnswer, 'status' | 'revokedAt'> {
  switch (tag) {
    case derTag.contextPrimitive(0):
      return { status: 'good' }
    case derTag.contextConstructed(1):
      return { status: 'revoked', revokedAt: timeOf(new DerReader(content).expect(derTag.generalizedTime)) }
    case derTag.contextPrimitive(2):
      return { status: 'unknown' }
    default:
      throw new DerMalformed('the status has an unknown form')
  }
}

function requireFresh({ thisUpdate, nextUpdate }: OcspAnswer, hasNonce: boolean, now: number): void {
  if (thisUpdate > now + skewMs) throw new Error('it is of the future')
  if (nextUpdate !== undefined && nextUpdate < now - skewMs) throw new Error('it was due to be replaced: it is stale')
  if (nextUpdate === undefined && !hasNonce && thisUpdate < now - freshMs)
    throw new Error('it is old, and has neither nonce nor nextUpdate')
}
