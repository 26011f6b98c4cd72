import fc from 'fast-check'
import { readCertificateFields } from '../../../src/pki/certificate-fields.ts'
import { DerMalformed } from '../../../src/pki/der.ts'
import { commonNamesOf, isSameName, isWithin } from '../../../src/pki/distinguished-name.ts'
import { type Authority, createAuthority, type Issued } from '../../support/certificate-authority.ts'

let root: Authority
let leaf: Issued

beforeAll(async () => {
  root = await createAuthority({
    name: 'Root',
    pathLength: 3,
    nameConstraints: { permitted: [{ dns: 'nhs.uk' }], excluded: [{ email: 'x.uk' }] },
  })
  leaf = await root.issue({
    cn: 'a.nhs.uk',
    dnsNames: ['a.nhs.uk', 'b.nhs.uk'],
    ipAddresses: ['::1'],
    emails: ['a@b.uk'],
    uris: ['https://c.uk'],
  })
})

test('reads of a certificate what OpenSSL reads of it', () => {
  const fields = readCertificateFields(leaf.certificate.raw)
  expect(BigInt(`0x${fields.serial}`)).toBe(BigInt(`0x${leaf.certificate.serialNumber}`))
  expect(commonNamesOf(fields.subject)).toEqual(['a.nhs.uk'])
  expect(fields.isCa).toBe(leaf.certificate.ca)
  expect([...(fields.extendedKeyUsage ?? [])]).toEqual(leaf.certificate.keyUsage)
  expect(fields.keyUsage).toEqual(new Set([0, 2]))
  expect(fields.alternativeNames.map((name) => (name.form === 'dns' ? name.text : name.form))).toEqual([
    'a.nhs.uk',
    'b.nhs.uk',
    'ip',
    'email',
    'uri',
  ])
  expect(fields.unknownCriticalExtension).toBeUndefined()
})

test('reads what an authority may do', () => {
  const fields = readCertificateFields(root.certificate.raw)
  expect([fields.isCa, fields.pathLength]).toEqual([true, 3])
  expect(fields.keyUsage).toEqual(new Set([5, 6]))
  expect(fields.nameConstraints).toEqual({ permitted: [{ form: 'dns', text: 'nhs.uk' }], excluded: [{ form: 'email' }] })
  expect(isSameName(fields.subject, fields.issuer)).toBe(true)
})

test('a name lies within its own beginning, and not within another', () => {
  const { subject } = readCertificateFields(leaf.certificate.raw)
  const { subject: authority } = readCertificateFields(root.certificate.raw)
  expect(isWithin(subject, { ...subject, parts: subject.parts.slice(0, 2) })).toBe(true)
  expect(isWithin({ ...subject, parts: subject.parts.slice(0, 2) }, subject)).toBe(false)
  expect(isWithin(subject, authority)).toBe(false)
})

test('throws nothing but DerMalformed for random bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => onlyMalformed(Buffer.from(bytes))))
})

test.each(['leaf', 'root'])('throws nothing but DerMalformed for a %s with bytes changed, cut off or added', (which) => {
  const { raw } = (which === 'leaf' ? leaf : root).certificate
  const change = fc.record({ at: fc.nat(raw.length - 1), byte: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(raw.length), (changes, length) => {
      const bytes = Buffer.from(raw)
      for (const { at, byte } of changes) bytes[at] = byte
      onlyMalformed(bytes)
      onlyMalformed(bytes.subarray(0, length))
      onlyMalformed(Buffer.concat([bytes, Buffer.from([length & 255])]))
    }),
    { numRuns: 2_000 },
  )
})

test('T19: takes no longer than linear time for a hundred thousand nested sequences', () => {
  const deep = Buffer.from('3080'.repeat(50_000), 'hex')
  const started = performance.now()
  onlyMalformed(deep)
  expect(performance.now() - started).toBeLessThan(100)
})

function onlyMalformed(bytes: Buffer): void {
  try {
    readCertificateFields(bytes)
  } catch (error) {
    if (!(error instanceof DerMalformed)) throw error
  }
}
