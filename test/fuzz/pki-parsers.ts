import { readCertificate } from '../../src/pki/certificate.ts'
import { readCertificateFields } from '../../src/pki/certificate-fields.ts'
import { readCrl, readSignedCrl } from '../../src/pki/crl.ts'
import { DerMalformed } from '../../src/pki/der.ts'
import { readOcspResponse } from '../../src/pki/ocsp-response.ts'
import { derObjects } from '../../src/pki/pem-file.ts'
import { ocspAnswer } from '../support/ocsp-answer.ts'
import { certificates } from '../support/start-world.ts'
import { type FuzzedParser, latin1 } from './fuzzed-parser.ts'

const derWords = [
  '3000',
  '3080',
  '30840000ffff',
  '0500',
  '020100',
  '0201ff',
  '0600',
  '060128',
  '0603551d14',
  '170d',
  '180f',
  '0303',
  '0c00',
  'a000',
  'a3',
  '04820000',
  '0101ff',
  '24800000',
].map((hex) => Buffer.from(hex, 'hex'))

/** Readers of certificates, and of what says that they are revoked. */
export async function pkiParsers(): Promise<readonly FuzzedParser[]> {
  const { authority, intermediate, consumer, provider, badRevoked } = await certificates()
  const list = derObjects(Buffer.from(await intermediate.crl()), 'X509 CRL')[0] ?? Buffer.alloc(0)
  const question = {
    issuer: readCertificate(intermediate.certificate),
    serial: consumer.serial,
    nonce: Buffer.alloc(16),
    now: Date.now(),
    isRevoked: () => false,
  }
  const answers = (['good', 'revoked', 'unknown'] as const).map((status) =>
    ocspAnswer({ issuer: intermediate, serial: consumer.serial, status, nonce: question.nonce }),
  )
  const der = { dictionary: derWords, weight: 1, expected: (error: unknown) => error instanceof DerMalformed }
  return [
    {
      ...der,
      name: 'certificate',
      samples: [authority, intermediate, consumer, provider, badRevoked].map(({ certificate }) => certificate.raw),
      run: readCertificateFields,
    },
    { ...der, name: 'CRL', samples: [list], run: (bytes) => readCrl(readSignedCrl(bytes)) },
    { ...der, name: 'OCSP answer', weight: 4, samples: answers, run: (bytes) => readOcspResponse(bytes, question), expected: isPlainError },
    {
      name: 'PEM',
      weight: 1,
      samples: latin1([consumer.chainPem]),
      dictionary: latin1(['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '\n', '=', '\x00', '0']),
      run: (bytes) => derObjects(bytes, 'CERTIFICATE'),
      expected: isPlainError,
    },
  ]
}

/** A refusal in words; a mistake of the program has an error class of the language. */
function isPlainError(error: unknown): boolean {
  return error instanceof DerMalformed || (error instanceof Error && error.name === 'Error')
}
