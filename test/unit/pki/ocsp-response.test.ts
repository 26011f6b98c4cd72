import fc from 'fast-check'
import { readCertificate } from '../../../src/pki/certificate.ts'
import { type OcspAnswer, type OcspQuestion, readOcspResponse } from '../../../src/pki/ocsp-response.ts'
import { type Authority, createAuthority, extension, type Issued } from '../../support/certificate-authority.ts'
import { type OcspAnswerOptions, ocspAnswer } from '../../support/ocsp-answer.ts'

const now = Date.now()
const hour = 3_600_000
const ocspSigning = '1.3.6.1.5.5.7.3.9'
const nonce = Buffer.alloc(32, 7)

let root: Authority
let other: Authority
let leaf: Issued
let responder: Issued

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  other = await createAuthority({ name: 'Other' })
  leaf = await root.issue({ cn: 'a.nhs.uk' })
  responder = await root.issue({ cn: 'ocsp', usages: [ocspSigning], keyType: 'ec' })
})

function questionAbout(serial: string, change: Partial<OcspQuestion> = {}): OcspQuestion {
  return { issuer: readCertificate(root.certificate), serial, nonce, now, isRevoked: () => false, ...change }
}

function reading(change: Partial<OcspAnswerOptions> = {}, question: Partial<OcspQuestion> = {}): OcspAnswer {
  const { serial } = readCertificate(leaf.certificate).fields
  return readOcspResponse(ocspAnswer({ issuer: root, serial, nonce, ...change }), questionAbout(serial, question))
}

describe('an answer of the issuer, or of whom it has certified for that', () => {
  test('is believed, by key and by name', () => {
    expect(reading().status).toBe('good')
    expect(reading({ byName: true, status: 'unknown' }).status).toBe('unknown')
    expect(reading({ status: 'revoked' })).toMatchObject({ status: 'revoked', revokedAt: Date.UTC(2026, 0, 1) })
    expect(reading({ signer: responder, sent: [responder.certificate] }).status).toBe('good')
    expect(reading({ signer: responder, sent: [other.certificate, responder.certificate], nextUpdate: now + hour })).toMatchObject({
      status: 'good',
    })
  })
})

describe('an answer is refused that', () => {
  async function certified(options: object, by: Authority = root): Promise<Issued> {
    return by.issue({ cn: 'ocsp', usages: [ocspSigning], keyType: 'ec', ...options })
  }

  test.each<[string, () => Promise<Issued>, RegExp]>([
    ['another authority has certified', () => certified({}, other), /was not issued by the authority/],
    ['a certificate for something else signs', () => certified({ usages: ['serverAuth'] }), /is not for signing OCSP answers/],
    ['an expired responder signs', () => certified({ notBefore: now - 2 * hour, notAfter: now - hour }), /is not in date/],
    [
      'a responder with an unknown critical extension signs',
      () => certified({ extensions: [extension('1.3.6.1.4.1.99999.1', true, new ArrayBuffer(0))] }),
      /is not understood/,
    ],
  ])('%s', async (_what, made, problem) => {
    const signer = await made()
    expect(() => reading({ signer, sent: [signer.certificate] })).toThrow(problem)
  })

  test('a revoked responder signs, unless its certificate says that it need not be checked', async () => {
    const sent = [responder.certificate]
    expect(() => reading({ signer: responder, sent }, { isRevoked: () => true })).toThrow(/is revoked/)
    const free = await certified({ extensions: [extension('1.3.6.1.5.5.7.48.1.5', false, Uint8Array.from([5, 0]).buffer)] })
    expect(reading({ signer: free, sent: [free.certificate] }, { isRevoked: () => true }).status).toBe('good')
  })

  test('nobody known signs, or somebody in the name of the issuer', () => {
    expect(() => reading({ signer: responder })).toThrow(/signed by nobody whom the issuer has certified/)
    expect(() => reading({ signer: { ...root, keyPem: other.keyPem } })).toThrow(/its signature is not that of its responder/)
  })

  test('speaks of another certificate, or of the same serial of another issuer', () => {
    expect(() => reading({ serial: '0badc0de' })).toThrow(/does not speak of the certificate/)
    expect(() => reading({ issuer: other, signer: root })).toThrow(/does not speak of the certificate/)
  })

  test('was made for somebody else, before, or in the future', () => {
    expect(() => reading({ nonce: Buffer.alloc(32, 8) })).toThrow(/nonce/)
    expect(() => reading({ thisUpdate: now + hour })).toThrow(/of the future/)
    expect(() => reading({ thisUpdate: now - 2 * hour, nextUpdate: now - hour })).toThrow(/stale/)
  })

  test('is old and has neither nonce nor nextUpdate', () => {
    const { serial } = readCertificate(leaf.certificate).fields
    const without = (change: Partial<OcspAnswerOptions>): OcspAnswer =>
      readOcspResponse(ocspAnswer({ issuer: root, serial, ...change }), questionAbout(serial))
    expect(() => without({ thisUpdate: now - hour })).toThrow(/neither nonce nor nextUpdate/)
    expect(without({ thisUpdate: now - hour, nextUpdate: now + hour }).status).toBe('good')
    expect(without({}).status).toBe('good')
  })

  test('has a critical extension that is not understood, or is none', () => {
    expect(() => reading({ criticalExtension: true })).toThrow(/critical extension 1\.2\.3\.4/)
    expect(() => reading({ error: 3 })).toThrow('the responder answers tryLater')
    expect(() => reading({ error: 6 })).toThrow('the responder answers unauthorized')
  })

  test('is damaged: with an error, and never as good news', () => {
    const { serial } = readCertificate(leaf.certificate).fields
    const whole = ocspAnswer({ issuer: root, serial, signer: responder, sent: [responder.certificate], nonce, status: 'revoked' })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 3 }),
        fc.integer({ min: 1, max: whole.length }),
        (changes, length) => {
          const bytes = Buffer.from(whole)
          for (const [at, byte] of changes) bytes[at] = byte
          for (const hostile of [bytes, bytes.subarray(0, length)]) {
            expect(['revoked', 'refused']).toContain(statusOf(hostile, questionAbout(serial)))
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

function statusOf(bytes: Buffer, question: OcspQuestion): OcspAnswer['status'] | 'refused' {
  try {
    return readOcspResponse(bytes, question).status
  } catch {
    return 'refused'
  }
}
