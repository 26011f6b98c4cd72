import fc from 'fast-check'
import { judgeUrl, nameFault } from '../../../src/registry/endpoint-url.ts'

describe('a registered URL', () => {
  test('is taken apart into host and path', () => {
    expect(judgeUrl('https://Test.C3O9X.nhs.uk/C3O9X/STU3/1', 'C3O9X')).toEqual({
      host: 'test.c3o9x.nhs.uk',
      path: '/C3O9X/STU3/1',
      faults: [],
      warnings: [],
    })
    expect(judgeUrl('https://test.nhs.uk', 'C3O9X')).toMatchObject({ path: '', faults: [], warnings: [] })
  })

  test.each([
    ['http://a.nhs.uk/x', 'must begin with https://'],
    ['HTTPS://a.nhs.uk/x', 'must begin with https://'],
    ['a.nhs.uk/x', 'must begin with https://'],
    ['https://a.nhs.uk:443/x', 'port'],
    ['https://a.nhs.uk:8443/x', 'port'],
    ['https://user@a.nhs.uk/x', 'user information'],
    ['https://user:secret@a.nhs.uk/x', 'user information'],
    ['https://a.nhs.uk/x?y=1', 'query'],
    ['https://a.nhs.uk/x?', 'query'],
    ['https://a.nhs.uk/x#y', 'fragment'],
    ['https://10.1.2.3/x', 'IP address'],
    ['https://2130706433/x', 'IP address'],
    ['https://0x7f000001/x', 'IP address'],
    ['https://127.1/x', 'IP address'],
    ['https://[::1]/x', 'IP address'],
    ['https://*.nhs.uk/x', 'DNS name'],
    ['https://localhost/x', 'DNS name'],
    ['https://a.nhs.uk./x', 'DNS name'],
    ['https:///x', 'DNS name'],
    ['https://a.nhs.uk/x/../y', 'dot segment'],
    ['https://a.nhs.uk/x//y', 'empty segment'],
    ['https://a.nhs.uk/x%2fy', 'encoded slash'],
    ['https://a.nhs.uk/x%20y', 'percent sign'],
    ['https://a.nhs.uk/x y', 'spaces'],
    ['https://a.nhs.uk\\@b.nhs.uk/x', 'stands in the host'],
  ])('%s is refused', (url, reason) => {
    expect(judgeUrl(url, undefined).faults).toEqual([expect.stringContaining(reason)])
  })

  test('may end with a slash, which is dropped with a warning', () => {
    const judged = judgeUrl('https://test.nhs.uk/T1/STU3/1/', 'T1')
    expect(judged).toMatchObject({ path: '/T1/STU3/1', faults: [], warnings: [expect.stringContaining('slash')] })
    expect(judgeUrl('https://test.nhs.uk/', 'T1')).toMatchObject({ path: '', warnings: [expect.stringContaining('slash')] })
  })

  test('that names another organisation is warned of', () => {
    expect(judgeUrl('https://test.nhs.uk/T2/STU3/1', 'T1').warnings).toEqual(['url names the organisation T2, the record T1'])
    expect(judgeUrl('https://test.nhs.uk/gateway/fhir', 'T1').warnings).toEqual([])
  })

  test('is judged whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })), (text) => {
        for (const url of [text, `https://${text}`]) {
          const judged = judgeUrl(url, 'T1')
          if (judged.faults.length === 0) expect(new URL(url).hostname).toBe(judged.host)
        }
      }),
    )
  })
})

test.each([
  ['https://a.nhs.uk', 'scheme'],
  ['*.nhs.uk', 'wildcard'],
  ['a.nhs.uk.', 'dot'],
  ['a.nhs.uk:443', 'port'],
  ['10.0.0.1', 'IP address'],
  ['::1', 'IP address'],
  ['localhost', 'two labels'],
  ['-a.nhs.uk', 'DNS name'],
  [`${'a'.repeat(64)}.nhs.uk`, 'DNS name'],
])('the name %s is refused', (name, reason) => {
  expect(nameFault(name)).toContain(reason)
})

test('a DNS name in any case is a good name', () => {
  expect(nameFault('BaRS-X26.Org.nhs.uk')).toBeUndefined()
})
