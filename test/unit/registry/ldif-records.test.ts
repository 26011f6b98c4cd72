import fc from 'fast-check'
import { ldifDraft } from '../../../src/registry/ldif-draft.ts'
import type { LdifEntry } from '../../../src/registry/ldif-entry.ts'
import { createLdifParser } from '../../../src/registry/ldif-records.ts'

function entriesOf(text: string): LdifEntry[] {
  const entries: LdifEntry[] = []
  const parser = createLdifParser((entry) => entries.push(entry))
  for (const [n, line] of text.split('\n').entries()) parser.line(line, n + 1)
  parser.end()
  return entries
}

describe('LDIF', () => {
  test('is unfolded, its comments dropped, its base64 decoded, its attribute names lower-cased', () => {
    const [entry, ...rest] = entriesOf(
      [
        'version: 1',
        '# a comment',
        ' that goes on',
        'dn: uniqueIdentifier=1,ou=Services,',
        ' o=nhs',
        'nhsMHSPartyKey:: QUFBLTExMTExMSA=',
        'NHSASSVCIA: urn:a',
        'nhsAsSvcIA;lang-en:urn:b',
        'empty:',
        '',
        '',
      ].join('\n'),
    )
    expect(rest).toEqual([])
    expect(entry).toMatchObject({ line: 4, faults: [] })
    expect(Object.fromEntries(entry!.attributes)).toEqual({
      dn: ['uniqueIdentifier=1,ou=Services,o=nhs'],
      nhsmhspartykey: ['AAA-111111 '],
      nhsassvcia: ['urn:a', 'urn:b'],
      empty: [''],
    })
  })

  test('keeps blanks at the end of a value and drops those before it', () => {
    expect(entriesOf('dn:   x  ')[0]?.attributes.get('dn')).toEqual(['x  '])
  })

  test.each([
    ['no colon here', 'attribute: value'],
    ['-', 'end of a change'],
    ['photo:< file:///etc/passwd', 'never read'],
    ['a:: !!!', 'not base64'],
    ['a:: /w==', 'not base64 of UTF-8'],
    [' begins with a blank', 'goes on'],
    [': x', 'attribute: value'],
  ])('names the line of what it cannot read: %s', (line, fault) => {
    expect(entriesOf(`${line}\ndn: x`)[0]?.faults).toEqual([expect.stringMatching(new RegExp(`^line 1: .*${fault}`))])
  })

  test('bounds the lines of an entry', () => {
    expect(entriesOf('a: b\n'.repeat(20_001))[0]?.faults).toContainEqual(expect.stringContaining('more than 20000 lines'))
  })

  test('can hold anything without an error', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'dn: x',
        'objectClass: nhsAs',
        'objectClass: nhsMhs',
        'uniqueIdentifier:: ',
        ' ',
        '',
        '#',
        'changeType: add',
        'version: 1',
      ),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        for (const entry of entriesOf(lines.join('\n'))) ldifDraft(entry)
      }),
    )
  })
})

describe('an entry of LDIF', () => {
  const draft = (text: string) => ldifDraft(entriesOf(text)[0]!)

  test('of another object class is passed over by its name', () => {
    expect(draft('dn: x\nobjectClass: top\nobjectClass: nhsOrg')).toBe('nhsorg')
    expect(draft('dn: x')).toBe('none')
  })

  test('that is an addition of a change log is a record, any other change is faulty', () => {
    expect(draft('dn: x\nchangeType: add\nobjectClass: nhsAs')).toMatchObject({ kind: 'system' })
    expect(draft('dn: x\nchangeType: delete\nobjectClass: delete')).toMatchObject({
      kind: 'unknown',
      faults: [expect.stringContaining('"delete"')],
    })
    expect(draft('replace: nhsAsSvcIA\nnhsAsSvcIA: urn:x')).toMatchObject({ kind: 'unknown', faults: [expect.stringContaining('no dn')] })
  })

  test('has one value where the directory has one', () => {
    const text = 'dn: x\nobjectClass: nhsMhs\nnhsMhsEndPoint: https://a\nnhsMhsEndPoint: https://b\nnhsIDCode: A\nnhsIdCode: A'
    expect(draft(text)).toMatchObject({ fields: { odsCode: 'A' }, faults: ['nhsmhsendpoint has several different values'] })
  })

  test('goes by its unique identifier where it has no CPA id, and is warned of where the two differ', () => {
    expect(draft('dn: x\nobjectClass: nhsMhs\nuniqueIdentifier: S1')).toMatchObject({ fields: { cpaId: 'S1' }, warnings: [] })
    expect(draft('dn: x\nobjectClass: nhsMhs\nuniqueIdentifier: S1\nnhsMhsCPAId: S2')).toMatchObject({
      fields: { cpaId: 'S2' },
      warnings: [expect.stringContaining('differs')],
    })
  })

  test('whose interaction is not service name and action is warned of', () => {
    const text = (ia: string) => `dn: x\nobjectClass: nhsMhs\nnhsMhsSN: urn:a\nnhsMhsIN: b\nnhsMhsSvcIA: ${ia}`
    expect(draft(text('urn:a:b'))).toMatchObject({ warnings: [] })
    expect(draft(text('urn:a:c'))).toMatchObject({ warnings: [expect.stringContaining('nhsMhsIN')] })
  })
})
