import { createHash, type KeyObject } from 'node:crypto'
import type { ReadCertificate } from './certificate.ts'
import { DerMalformed, type DerReader, derTag, openSequence } from './der.ts'
import { integerHexOf, oidOf, wholeBytesOf } from './der-values.ts'
import { derValue } from './der-writer.ts'

/** Which certificate is asked about: its issuer, and the hexadecimal content of its serial. */
export interface OcspSubject {
  readonly issuer: ReadCertificate
  readonly serial: string
}

/** Object identifier of the nonce, with which an answer shows that it was made for this question (RFC 9654). */
export const nonceOid = '1.3.6.1.5.5.7.48.1.2'

const encodedNonceOid = Buffer.from('06092b0601050507300102', 'hex')
/** SHA-1, with NULL parameters: an index here, no signature, and the only one that every responder knows (RFC 5019 2.1.1). */
const sha1Oid = '1.3.14.3.2.26'
const encodedSha1 = Buffer.from('300906052b0e03021a0500', 'hex')

/** Encodes an OCSPRequest (RFC 6960 4.1.1) for one certificate, unsigned, with this nonce. */
export function encodeOcspRequest(subject: OcspSubject, nonce: Buffer): Buffer {
  const { nameHash, keyHash } = hashesOf(subject.issuer)
  const certId = derValue(
    derTag.sequence,
    encodedSha1,
    derValue(derTag.octetString, nameHash),
    derValue(derTag.octetString, keyHash),
    derValue(derTag.integer, Buffer.from(subject.serial, 'hex')),
  )
  const extension = derValue(derTag.sequence, encodedNonceOid, derValue(derTag.octetString, derValue(derTag.octetString, nonce)))
  const requests = derValue(derTag.sequence, derValue(derTag.sequence, certId))
  const extensions = derValue(derTag.contextConstructed(2), derValue(derTag.sequence, extension))
  return derValue(derTag.sequence, derValue(derTag.sequence, requests, extensions))
}

/** Reads a CertID and tells whether it is the one that is asked for; throws `DerMalformed`. */
export function isCertIdOf(certId: DerReader, { issuer, serial }: OcspSubject): boolean {
  const algorithm = oidOf(certId.enter().next())
  const nameHash = certId.expect(derTag.octetString).content
  const keyHash = certId.expect(derTag.octetString).content
  const number = integerHexOf(certId.next())
  certId.end()
  const own = hashesOf(issuer)
  return algorithm === sha1Oid && nameHash.equals(own.nameHash) && keyHash.equals(own.keyHash) && number === serial
}

/** SHA-1 of a public key's bits, without its algorithm: how OCSP names a key. */
export function keyHashOf(key: KeyObject): Buffer {
  const info = openSequence(key.export({ type: 'spki', format: 'der' }))
  info.expect(derTag.sequence)
  const bits = info.next()
  if (bits.tag !== derTag.bitString) throw new DerMalformed('public key is no bit string')
  return createHash('sha1').update(wholeBytesOf(bits)).digest()
}

function hashesOf(issuer: ReadCertificate): { readonly nameHash: Buffer; readonly keyHash: Buffer } {
  return { nameHash: createHash('sha1').update(issuer.fields.subject.der).digest(), keyHash: keyHashOf(issuer.x509.publicKey) }
}
