import { sign } from 'node:crypto'
import { readCertificateFields } from '../../src/pki/certificate-fields.ts'
import type { Authority } from './certificate-authority.ts'

/** A CRL (DER) of an EC authority over many consecutive serials, revoked on 2026-01-01, put together byte by byte: a general encoder takes seconds. */
export function largeCrl(authority: Authority, first: number, entries: number): Buffer {
  const time = value(0x17, Buffer.from('260101000000Z'))
  const serial = (index: number): Buffer => value(0x02, Buffer.from((first + index).toString(16), 'hex'))
  const lines = Array.from({ length: entries }, (_, index) => value(0x30, serial(index), time))
  const algorithm = value(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const body = value(
    0x30,
    Buffer.from('020101', 'hex'),
    algorithm,
    authorityName(authority),
    time,
    value(0x17, Buffer.from('460101000000Z')),
    value(0x30, ...lines),
  )
  const signature = sign('sha256', body, authority.keyPem)
  return value(0x30, body, algorithm, value(0x03, Buffer.from([0]), signature))
}

function authorityName(authority: Authority): Buffer {
  return readCertificateFields(authority.certificate.raw).subject.der
}

function value(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const octets = content.length < 128 ? length.subarray(3) : shortest(length)
  return Buffer.concat([Buffer.from([tag]), octets, content])
}

function shortest(length: Buffer): Buffer {
  const from = length.findIndex((byte) => byte !== 0)
  return Buffer.concat([Buffer.from([0x80 | (4 - from)]), length.subarray(from)])
}
