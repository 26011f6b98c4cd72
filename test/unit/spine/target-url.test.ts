import fc from 'fast-check'
import { parseTarget, type TargetFault, type TargetUrl } from '../../../src/spine/target-url.ts'

const root = 'https://provider.thirdparty.nhs.uk/T99999/STU3/1'

function clean(target: string): TargetUrl {
  const parsed = parseTarget(target)
  if ('fault' in parsed) throw new Error(`${target}: ${parsed.fault}`)
  return parsed
}

function faultOf(target: string): TargetFault {
  const parsed = parseTarget(target)
  if (!('fault' in parsed)) throw new Error(`${target} was taken for clean`)
  return parsed
}

test('the published examples are clean', () => {
  expect(clean('/https://pcs.thirdparty.nhs.uk/T99999/STU3/1/Patient/$gpc.getstructuredrecord')).toEqual({
    form: 'raw',
    host: 'pcs.thirdparty.nhs.uk',
    port: '',
    path: '/T99999/STU3/1/Patient/$gpc.getstructuredrecord',
    query: '',
    shown: 'https://pcs.thirdparty.nhs.uk/T99999/STU3/1/Patient/$gpc.getstructuredrecord',
  })
  expect(clean('/https%3A%2F%2Fp1.nhs.uk%2FMentalHealthCrisisPlans%2Fda2b6e8a-1c8f')).toMatchObject({
    form: 'encoded',
    host: 'p1.nhs.uk',
    path: '/MentalHealthCrisisPlans/da2b6e8a-1c8f',
  })
})

test('escapes may be written in either case', () => {
  for (const escaped of ['/https%3a%2f%2fp1.nhs.uk%2fx%3fa', '/https%3A%2f%2Fp1.nhs.uk%2fx%3Fa'])
    expect(clean(escaped)).toMatchObject({ form: 'encoded', host: 'p1.nhs.uk', path: '/x', query: '?a' })
})

test('an encoded %3F begins the query, and what is encoded twice stays encoded once', () => {
  expect(clean('/https%3A%2F%2Fp1.nhs.uk%2Fx%3Fa%3Db%257Cc')).toMatchObject({ path: '/x', query: '?a=b%7Cc' })
})

test('a host in capitals is lowered, a path is not; a port is kept, and kept apart', () => {
  expect(clean('/https://P1.NHS.UK:443/X')).toMatchObject({ host: 'p1.nhs.uk', port: '443', path: '/X', shown: 'https://p1.nhs.uk:443/X' })
})

test('what is shown has no query and at most 2,048 characters', () => {
  expect(clean(`/${root}/Patient?identifier=9990000018`).shown).toBe(`${root}/Patient`)
  expect(clean(`/${root}/${'a'.repeat(5000)}`).shown).toHaveLength(2048)
})

test.each([
  '',
  '*',
  'https://p1.nhs.uk/x',
  'p1.nhs.uk:443',
  '/',
  '/x',
  '//https://p1.nhs.uk/x',
  '/http://p1.nhs.uk/x',
  '/HTTPS://p1.nhs.uk/x',
  '/https:/p1.nhs.uk/x',
  '/https//p1.nhs.uk',
  '/https://',
  '/https:///x',
  '/https://p1.nhs.uk./x',
  '/https://.p1.nhs.uk/x',
  '/https://p1..uk/x',
  '/https://-p1.uk/x',
  '/https://p1-.uk/x',
  '/https://p_1.uk/x',
  '/https://p1.nhs.uk:/x',
  '/https://p1.nhs.uk:4a/x',
  '/https://p1.nhs.uk:123456/x',
  '/https://[::1]/x',
  '/https://u@p1.nhs.uk/x',
  '/https://u:p@p1.nhs.uk/x',
  '/https://p1.nhs.uk#@evil/x',
  '/https://p1.nhs.uk\\@evil/x',
  '/https://p1.nhs.uk/x#y',
  '/https://p1.nhs.uk/x?y#z',
  '/https://p1.nhs.uk/x y',
  '/https://p1.nhs.uk/x?y z',
  '/https://p1.nhs.uk/\u00e9',
  '/https://p1.nhs.uk/x?\u00e9',
  '/https://p1.nhs.uk/\x00',
  '/https://p1.nhs.uk/x?\x7f',
  '/https://p1.nhs.uk/x\ty',
  '/https://p1.nhs.uk/a"b',
  '/https://p1.nhs.uk/a<b',
  '/https://p1.nhs.uk/a>b',
  '/https://p1.nhs.uk/a^b',
  '/https://p1.nhs.uk/a`b',
  '/https://p1.nhs.uk/a{b',
  '/https://p1.nhs.uk/a|b',
  '/https://p1.nhs.uk/a}b',
  '/https://p1.nhs.uk/a\\b',
  '/https://p1.nhs.uk/%',
  '/https://p1.nhs.uk/%2',
  '/https://p1.nhs.uk/%zz',
  '/https://p1.nhs.uk/x?%',
  '/https://p1.nhs.uk/x?a=%g1',
  '/https://p1.nhs.uk/a/../b',
  '/https://p1.nhs.uk/a/./b',
  '/https://p1.nhs.uk/..',
  '/https://p1.nhs.uk/.',
  '/https://p1.nhs.uk/a/..;/b',
  '/https://p1.nhs.uk/a/..;x=y/b',
  '/https://p1.nhs.uk/a/.;/b',
  '/https://p1.nhs.uk/%2e%2e/b',
  '/https://p1.nhs.uk/a/%2E/b',
  '/https://p1.nhs.uk/.%2e/b',
  '/https://p1.nhs.uk/a%2Fb',
  '/https://p1.nhs.uk/a%2fb',
  '/https://p1.nhs.uk/a%5Cb',
  '/https://p1.nhs.uk/a%00b',
  '/https://p1.nhs.uk/a%0d%0aX:y',
  '/https://p1.nhs.uk/a%7fb',
  '/https://p1.nhs.uk/a//b',
  '/https://p1.nhs.uk//',
  '/https%3A//p1.nhs.uk/x',
  '/HTTPS%3A%2F%2Fp1.nhs.uk%2Fx',
  '/Https%3A%2F%2Fp1.nhs.uk%2Fx',
  '/https%3A%2F%2Fp1.nhs.uk/x',
  '/https%3A%2F%2Fp1.nhs.uk%2Fx?y',
  '/https%3A%2F%2Fp1.nhs.uk%2F%FF',
  '/https%3A%2F%2Fp1.nhs.uk%2F%C0%AF',
  '/https%3A%2F%2Fp1.nhs.uk%2F%C3%A9',
  '/https%3A%2F%2Fp1.nhs.uk%2Fa%20b',
  '/https%3A%2F%2Fp1.nhs.uk%2Fx%23y',
  '/https%3A%2F%2Fp1.nhs.uk%2F..%2Fx',
  '/https%3A%2F%2Fp1.nhs.uk%2F%252e%252e%2Fx',
  '/https%3A%2F%2Fp1.nhs.uk%2F%252Fx',
  '/https%3A%2F%2Fp1.nhs.uk%2Fx%25',
  '/https%3A%2F%2Fu%40p1.nhs.uk%2F',
  '/%68ttps%3A%2F%2Fp1.nhs.uk%2Fx',
  '/https:%2F%2Fp1.nhs.uk%2Fx',
  '/https%253A%252F%252Fp1.nhs.uk',
])('%s is not one clean URL, and the fault says where', (target) => {
  const { fault, at } = faultOf(target)
  expect(fault.length).toBeGreaterThan(5)
  expect(at).toBeGreaterThanOrEqual(0)
  expect(at).toBeLessThanOrEqual(target.length)
})

test.each(['"', '<', '>', '\\', '^', '{', '|', '}', '`', "'", '/../', '//', '%2e%2e%2f', '%00', '?', '@', ':'])(
  '%s passes in a query as it came',
  (text) => {
    expect(clean(`/${root}?a=${text}`).query).toBe(`?a=${text}`)
  },
)

test('the fault of a character points at it', () => {
  expect(faultOf('/https://p1.nhs.uk/a|b').at).toBe('/https://p1.nhs.uk/a|b'.indexOf('|'))
  expect(faultOf('/https://p1.nhs.uk/a/../b').at).toBe('/https://p1.nhs.uk/a/../b'.indexOf('/../'))
  expect(faultOf('/https://p1.nhs.uk/x?y#z').at).toBe('/https://p1.nhs.uk/x?y#z'.indexOf('#'))
})

test('whatever comes, the parser answers, and what it takes for clean is what it says', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, validSchemes: ['https'] })), (text) => {
      for (const target of [
        text,
        `/${text}`,
        `/https://p1.nhs.uk/${text}`,
        `/${encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))}`,
      ]) {
        const parsed = parseTarget(target)
        if ('fault' in parsed) continue
        expect(parsed.path === '' || parsed.path.startsWith('/')).toBe(true)
        expect(parsed.query === '' || parsed.query.startsWith('?')).toBe(true)
        expect(parsed.path + parsed.query).toMatch(/^[\x21-\x7e]*$/)
        expect(parsed.path).not.toMatch(/\/\.{1,2}(?:\/|$)|\/\/|\\|%2f|%2e|%5c|%00/i)
        // The canonical reader of URLs agrees about host and path: nothing is folded.
        const url = new URL(`https://${parsed.host}${parsed.path}`)
        expect([url.pathname]).toEqual([parsed.path === '' ? '/' : parsed.path])
        if (!/^[0-9.x]+$/i.test(parsed.host)) expect(url.hostname).toBe(parsed.host)
        if (parsed.form === 'raw') expect(target.endsWith(parsed.path + parsed.query)).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

test('the encoded form of any clean raw target is the same target', () => {
  const segment = fc.string({
    unit: fc.constantFrom(..."abcXYZ019-._~!$&'()*+,;=:@".split(''), '%41', '%C3%A9'),
    minLength: 1,
    maxLength: 12,
  })
  const query = fc.string({ unit: fc.constantFrom(...'abc019|=&?/"<>{}^`\\'.split(''), '%7C', '%2F'), maxLength: 20 })
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 4 }), fc.option(query), (segments, text) => {
      const url = `https://p1.nhs.uk${segments.map((one) => `/${one}`).join('')}${text === null ? '' : `?${text}`}`
      const raw = parseTarget(`/${url}`)
      const encoded = parseTarget(`/${encodeURIComponent(url)}`)
      if ('fault' in raw) expect(encoded).toHaveProperty('fault')
      else expect(encoded).toEqual({ ...raw, form: 'encoded' })
    }),
  )
})

test('long hostile targets are decided in linear time', () => {
  for (const hostile of ['/.', '..;', '%2', 'a.', '-', '/..;a'])
    for (const front of ['/https://p1.nhs.uk/', '/https://', '/https%3A%2F%2F']) {
      const began = performance.now()
      parseTarget(front + hostile.repeat(100_000))
      expect(performance.now() - began).toBeLessThan(500)
    }
})
