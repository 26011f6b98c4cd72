import { sign, type X509Certificate } from 'node:crypto'
import { readCertificate } from '../../src/pki/certificate.ts'
import { derTag } from '../../src/pki/der.ts'
import { derValue } from '../../src/pki/der-writer.ts'
import { encodeOcspRequest, keyHashOf } from '../../src/pki/ocsp-request.ts'
import type { Issued } from './certificate-authority.ts'

/** What an answer is to say; everything has an honest default. Times in ms since 1970. */
export interface OcspAnswerOptions {
  readonly issuer: Issued
  readonly serial: string
  readonly signer?: Issued
  /** Certificates sent along. */
  readonly sent?: readonly X509Certificate[]
  readonly status?: 'good' | 'revoked' | 'unknown'
  readonly thisUpdate?: number
  readonly nextUpdate?: number
  readonly nonce?: Buffer
  readonly criticalExtension?: boolean
  /** An error status in place of an answer. */
  readonly error?: number
  readonly byName?: boolean
}

const { sequence, octetString, contextConstructed, contextPrimitive } = derTag
const oid = (hex: string): Buffer => derValue(derTag.oid, Buffer.from(hex, 'hex'))
const ecdsaSha256 = derValue(sequence, oid('2a8648ce3d040302'))

/** An OCSPResponse, put together value by value and signed with ECDSA: what openssl's responder never says can be said with it. */
export function ocspAnswer(options: OcspAnswerOptions): Buffer {
  const { issuer, signer = issuer, sent = [], status = 'good', thisUpdate = Date.now(), nextUpdate, nonce, byName = false } = options
  if (options.error !== undefined) return derValue(sequence, derValue(derTag.enumerated, Buffer.from([options.error])))
  const single = derValue(
    sequence,
    certIdOf(issuer, options.serial),
    statusValue(status),
    time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [derValue(contextConstructed(0), time(nextUpdate))]),
  )
  const responder = byName
    ? derValue(contextConstructed(1), readCertificate(signer.certificate).fields.subject.der)
    : derValue(contextConstructed(2), derValue(octetString, keyHashOf(signer.certificate.publicKey)))
  const data = derValue(sequence, responder, time(Date.now()), derValue(sequence, single), ...extensions(nonce, options.criticalExtension))
  const signature = derValue(derTag.bitString, Buffer.from([0]), sign('sha256', data, signer.keyPem))
  const certificates = sent.length === 0 ? [] : [derValue(contextConstructed(0), derValue(sequence, ...sent.map(({ raw }) => raw)))]
  const basic = derValue(sequence, data, ecdsaSha256, signature, ...certificates)
  const bytes = derValue(sequence, oid('2b0601050507300101'), derValue(octetString, basic))
  return derValue(sequence, derValue(derTag.enumerated, Buffer.from([0])), derValue(contextConstructed(0), bytes))
}

/** The CertID stands in every request at the same place: past four headers. */
function certIdOf(issuer: Issued, serial: string): Buffer {
  const request = encodeOcspRequest({ issuer: readCertificate(issuer.certificate), serial }, Buffer.alloc(0))
  let at = request
  for (let depth = 0; depth < 4; depth++) at = at.subarray((at[1] as number) < 0x80 ? 2 : 2 + ((at[1] as number) & 0x7f))
  return at.subarray(0, 2 + (at[1] as number))
}

function statusValue(status: 'good' | 'revoked' | 'unknown'): Buffer {
  switch (status) {
    case 'good':
      return derValue(contextPrimitive(0))
    case 'revoked':
      return derValue(contextConstructed(1), time(Date.UTC(2026, 0, 1)))
    case 'unknown':
      return derValue(contextPrimitive(2))
  }
}

function extensions(nonce: Buffer | undefined, critical = false): readonly Buffer[] {
  const all = [
    ...(nonce === undefined ? [] : [derValue(sequence, oid('2b0601050507300102'), derValue(octetString, derValue(octetString, nonce)))]),
    ...(critical ? [derValue(sequence, oid('2a0304'), derValue(derTag.boolean, Buffer.from([0xff])), derValue(octetString))] : []),
  ]
  return all.length === 0 ? [] : [derValue(contextConstructed(1), derValue(sequence, ...all))]
}

function time(at: number): Buffer {
  return derValue(derTag.generalizedTime, Buffer.from(`${new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
}
