import fc from 'fast-check'
import { readCertificateFields } from '../../../src/pki/certificate-fields.ts'
import { certificateNames } from '../../../src/pki/certificate-names.ts'
import { type Authority, createAuthority, type IssueOptions } from '../../support/certificate-authority.ts'

const fqdn = 'consumer.thirdparty.nhs.uk'
let root: Authority

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
})

async function namesOf(options: IssueOptions): Promise<readonly string[]> {
  const { certificate } = await root.issue({ keyType: 'ec', ...options })
  return certificateNames(readCertificateFields(certificate.raw))
}

describe('the names of a certificate', () => {
  test('are its dNSNames, lower-cased, each once', async () => {
    expect(await namesOf({ cn: 'other.nhs.uk', dnsNames: ['Consumer.ThirdParty.NHS.uk', fqdn, 'b.nhs.uk'] })).toEqual([fqdn, 'b.nhs.uk'])
  })

  test('are its common name where it has no dNSName at all', async () => {
    expect(await namesOf({ rawCn: 'Consumer.thirdparty.nhs.uk' })).toEqual([fqdn])
    expect(await namesOf({ rawCn: fqdn, ipAddresses: ['10.0.0.1'] })).toEqual([fqdn])
  })

  test('are not its common name where a dNSName is present, be it a useless one', async () => {
    expect(await namesOf({ cn: fqdn, dnsNames: ['*.nhs.uk'] })).toEqual([])
  })

  test('are not its common names where it has two', async () => {
    const subject = [
      ['CN', fqdn],
      ['CN', 'b.nhs.uk'],
    ] as const
    expect(await namesOf({ subject })).toEqual([])
  })
})

describe('T11: what only looks like the name', () => {
  test.each([
    ['a NUL before the rest', `${fqdn}\0.evil.example`],
    ['a NUL behind', `${fqdn}\0`],
    ['a newline', `${fqdn}\nDNS:${fqdn}`],
    ['a comma and the text of another name', `evil.example, DNS:${fqdn}`],
    ['a quoted text of another name', `evil.example", DNS:"${fqdn}`],
    ['a Cyrillic letter', 'сonsumer.thirdparty.nhs.uk'],
    ['the Kelvin sign, which lower-cases to k', 'consumer.thirdparty.nhs.u\u212a'],
    ['a wildcard', '*.thirdparty.nhs.uk'],
    ['a wildcard inside', 'con*.thirdparty.nhs.uk'],
    ['a trailing dot', `${fqdn}.`],
    ['a leading dot', `.${fqdn}`],
    ['a leading space', ` ${fqdn}`],
    ['an IP address', '10.0.0.1'],
    ['a URL', `https://${fqdn}`],
    ['a mail address', `a@${fqdn}`],
    ['nothing', ''],
    ['a label of 64 letters', `${'a'.repeat(64)}.nhs.uk`],
    ['254 letters', `${'a.'.repeat(125)}nhs.uk`],
  ])('matches nothing with %s, neither as CN nor as dNSName', async (_what, text) => {
    expect(await namesOf({ rawCn: text })).toEqual([])
    expect(await namesOf({ dnsNames: [text] })).toEqual([])
  })

  test('the FQDN as e-mail or URI name matches nothing', async () => {
    expect(await namesOf({ emails: [fqdn], uris: [fqdn] })).toEqual([])
  })

  test('no text, whatever it is, gives a name with anything but letters, digits, hyphen, underscore and dot', () => {
    const piece = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(fqdn, '*.', '.', '\0', ', DNS:', 'xn--', '\u212a', '_'))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const fields = { subject: { der: Buffer.alloc(0), parts: [] }, alternativeNames: [{ form: 'dns', text: pieces.join('') } as const] }
        for (const name of certificateNames(fields)) expect(name).toMatch(/^[a-z0-9_.-]{1,253}$/)
      }),
    )
  })

  test('D9: a hostile text of any length costs linear time', () => {
    const fields = { subject: { der: Buffer.alloc(0), parts: [] }, alternativeNames: [{ form: 'dns', text: 'a-'.repeat(50_000) } as const] }
    const started = performance.now()
    for (let turn = 0; turn < 100; turn++) certificateNames(fields)
    expect(performance.now() - started).toBeLessThan(500)
  })
})
