import { type AuthorityOptions, createAuthority, type IssueOptions } from '../../support/certificate-authority.ts'
import { presenting, trustStoreOf } from '../../support/trust-files.ts'

async function verdict(limits: NonNullable<AuthorityOptions['nameConstraints']>, options: IssueOptions): Promise<string> {
  const root = await createAuthority({ name: 'Root' })
  const sub = await createAuthority({ name: 'Sub', parent: root, nameConstraints: limits })
  const store = await trustStoreOf({ anchors: [root.certificatePem] })
  const verdict = store.judge(presenting(await sub.issue({ keyType: 'ec', ...options }), sub), Date.now())
  return verdict.kind === 'bad' ? verdict.reason : verdict.kind
}

describe('T12: an authority that is confined to some names', () => {
  test('may certify them and everything below them', async () => {
    expect(await verdict({ permitted: [{ dns: 'nhs.uk' }] }, { cn: 'nhs.uk' })).toBe('good')
    expect(await verdict({ permitted: [{ dns: 'nhs.uk' }] }, { cn: 'A.NHS.uk' })).toBe('good')
    expect(await verdict({ permitted: [{ dns: '.nhs.uk' }] }, { cn: 'a.nhs.uk' })).toBe('good')
  })

  test('may not certify others, also beside a permitted one', async () => {
    expect(await verdict({ permitted: [{ dns: 'nhs.uk' }] }, { cn: 'evil-nhs.uk' })).toMatch(
      /may not certify dNSName "evil-nhs.uk" \(name constraints\)/,
    )
    expect(await verdict({ permitted: [{ dns: '.nhs.uk' }] }, { cn: 'nhs.uk' })).toMatch(/name constraints/)
    expect(await verdict({ permitted: [{ dns: 'nhs.uk' }] }, { cn: 'a.nhs.uk', dnsNames: ['a.nhs.uk', 'b.example'] })).toMatch(
      /"b.example"/,
    )
  })

  test('may not certify others in the common name either, where that stands in for a dNSName', async () => {
    expect(await verdict({ permitted: [{ dns: 'nhs.uk' }] }, { rawCn: 'b.example' })).toMatch(/"b.example"/)
  })

  test('may not certify what is excluded, even where it is permitted too', async () => {
    const limits = { permitted: [{ dns: 'nhs.uk' }], excluded: [{ dns: 'live.nhs.uk' }] }
    expect(await verdict(limits, { cn: 'dev.nhs.uk' })).toBe('good')
    expect(await verdict(limits, { cn: 'gp.live.nhs.uk' })).toMatch(/name constraints/)
  })

  test('is held to subjects as well', async () => {
    const devices = {
      directory: [
        ['O', 'NHS'],
        ['OU', ' devices '],
      ] as const,
    }
    expect(await verdict({ permitted: [devices] }, { cn: 'a.nhs.uk' })).toBe('good')
    expect(
      await verdict(
        { permitted: [devices] },
        {
          cn: 'a.nhs.uk',
          subject: [
            ['O', 'other'],
            ['CN', 'a.nhs.uk'],
          ],
        },
      ),
    ).toMatch(/the subject/)
    expect(await verdict({ excluded: [devices] }, { cn: 'a.nhs.uk' })).toMatch(/the subject/)
  })

  test('is refused for a name of a form whose constraint is not judged here', async () => {
    expect(await verdict({ permitted: [{ email: 'nhs.uk' }] }, { cn: 'a.nhs.uk' })).toBe('good')
    expect(await verdict({ permitted: [{ email: 'nhs.uk' }] }, { cn: 'a.nhs.uk', emails: ['a@nhs.uk'] })).toMatch(/form email/)
    expect(await verdict({ excluded: [{ email: 'example' }] }, { cn: 'a.nhs.uk', emails: ['a@nhs.uk'] })).toMatch(/form email/)
  })

  test('binds an authority below it by name, too', async () => {
    const root = await createAuthority({
      name: 'Root',
      nameConstraints: {
        permitted: [
          {
            directory: [
              ['O', 'nhs'],
              ['OU', 'Devices'],
            ],
          },
        ],
      },
    })
    const sub = await createAuthority({ name: 'Sub', parent: root })
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    expect(store.judge(presenting(await sub.issue({ cn: 'a.nhs.uk' }), sub), Date.now())).toMatchObject({
      kind: 'bad',
      reason: expect.stringContaining('the subject'),
    })
  })
})
