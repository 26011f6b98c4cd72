import fc from 'fast-check'
import { CurlLineUnreadable, readCurlLine } from '../../../src/cli/curl-line.ts'

const url = 'https://localhost:8443/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient?identifier=a%7C1'

test('a command as the demo prints it, over several lines', () => {
  const line = `curl --path-as-is --include \\
    --cacert 'certs-dev/ca.pem' --cert certs-dev/consumer.pem --key certs-dev/consumer.key \\
    -H "Authorization: Bearer $(npx ssp token --interaction urn:x)" \\
    -H 'Ssp-From: 200000000359' -H Ssp-To:\\ 918999198993 \\
    '${url}'`
  expect(readCurlLine(line)).toEqual({
    method: 'GET',
    target: url.slice('https://localhost:8443'.length),
    certificate: 'certs-dev/consumer.pem',
    headers: [
      ['Host', 'localhost:8443'],
      ['Accept', '*/*'],
      ['Authorization', 'Bearer $(npx ssp token --interaction urn:x)'],
      ['Ssp-From', '200000000359'],
      ['Ssp-To', '918999198993'],
    ],
  })
})

test.each([
  [
    'a body makes it a POST, with its length and curl’s own type',
    `curl -d '{"a":1}' ${url}`,
    'POST',
    ['7', 'application/x-www-form-urlencoded'],
  ],
  ['a type that is named stays', `curl -H 'content-type: application/fhir+json' --data-raw=é ${url}`, 'POST', ['2', undefined]],
  ['several bodies are joined', `curl -da -d b ${url}`, 'POST', ['3', 'application/x-www-form-urlencoded']],
  ['the method that is asked for wins', `curl -XPUT -d a --url ${url}`, 'PUT', ['1', 'application/x-www-form-urlencoded']],
  ['short options may stand together', `curl -siXPUT -kd a ${url}`, 'PUT', ['1', 'application/x-www-form-urlencoded']],
  ['but not in what an option has for a value', `curl -d -si ${url}`, 'POST', ['3', 'application/x-www-form-urlencoded']],
  ['the value may be the next word', `curl -sX PUT ${url}`, 'PUT', [undefined, undefined]],
  [
    'a body in chunks has no length',
    `curl -H 'Transfer-Encoding: chunked' -d a ${url}`,
    'POST',
    [undefined, 'application/x-www-form-urlencoded'],
  ],
  ['a header without a value is not sent', `curl -H Content-Type: -H 'content-length: ' -d a ${url}`, 'POST', [undefined, undefined]],
  [
    'options that change nothing of the request',
    `curl -N4 --tlsv1.2 --retry 3 --noproxy '*' --cert-type PEM ${url}`,
    'GET',
    [undefined, undefined],
  ],
  ['a head alone', `curl -I ${url}`, 'HEAD', [undefined, undefined]],
] as const)('%s', (_name, line, method, [length, type]) => {
  const read = readCurlLine(line)
  const value = (name: string) => read.headers.find(([one]) => one === name)?.[1]
  expect([read.method, value('Content-Length'), value('Content-Type')]).toEqual([method, length, type])
})

test.each([
  // As curl 7.88 sends them.
  ['/https://p/a/../b', '/https://p/b'],
  ['/https://p/a/./b/.', '/https://p/a/b/'],
  ['/https://p/a/..', '/https://p/'],
  ['/https://p/../x', '/https://x'],
  ['/https://p//../a', '/https://p/a'],
  ['/https://p/a/../../../../../b', '/b'],
  ['/.', '/'],
  ['/a/%2e%2e/..b/...', '/a/%2e%2e/..b/...'],
  ['/a?x=../b', '/a?x=../b'],
])('dot segments of %s are taken out, unless it goes as it is; what stands behind a # is not sent', (given, sent) => {
  expect(readCurlLine(`curl 'https://localhost:8443${given}#c/../d'`).target).toBe(sent)
  expect(readCurlLine(`curl --path-as-is 'https://localhost:8443${given}#c'`).target).toBe(given)
})

test('what is not ASCII in the path is encoded, in the query it is not, as curl does also where the path goes as it is', () => {
  for (const asIs of ['', '--path-as-is'])
    expect(readCurlLine(`curl ${asIs} 'https://localhost:8443/https://p/\u00e9/?name=\u{e8}|a'`).target).toBe(
      '/https://p/%c3%a9/?name=\u{e8}|a',
    )
})

test('a quotation mark that is not closed is found at once, whatever stands behind it', () => {
  expect(() => readCurlLine(`curl -H "${'$()'.repeat(20_000)}`)).toThrow(/not closed/)
})

test('a word in the quotes of bash is read as bash does', () => {
  const { method, headers } = readCurlLine(`curl -X $'PUT' -H $'X-A: it\\'s \\x41\\u0042\\\\' -H "X-B: $x$(date)" ${url}`)
  expect(method).toBe('PUT')
  expect(headers.slice(-2)).toEqual([
    ['X-A', "it's AB\\"],
    ['X-B', '$x$(date)'],
  ])
})

test('headers are sent as curl sends them: none for `Name:`, an empty one for `Name;`, and those that have an option of their own', () => {
  const { headers } = readCurlLine(`curl -H 'Expect:' -H 'accept:' -H 'X-Empty;' -A 'some client/1' -e https://here/ ${url}`)
  expect(headers).toEqual([
    ['Host', 'localhost:8443'],
    ['X-Empty', ''],
    ['User-Agent', 'some client/1'],
    ['Referer', 'https://here/'],
  ])
})

test.each([
  ['another program', `wget ${url}`, /not curl/],
  ['no URL', 'curl -s', /names no URL/],
  ['more than one URL', `curl ${url} --url ${url}`, /several URLs/],
  ['plain HTTP', 'curl http://localhost/', /no https URL/],
  ['an option that may change the request', `curl --json a ${url}`, /--json is not known/],
  ['an option without its value', `curl ${url} -H`, /-H has no value/],
  ['a header that is none', `curl -H nothing ${url}`, /"nothing" is no header/],
  ['an open quotation mark', `curl '${url}`, /not closed/],
])('%s is refused with its reason', (_name, line, reason) => {
  expect(() => readCurlLine(line)).toThrow(reason)
})

test('whatever stands in single quotes comes through as it is, and any text is read or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (value) => {
      const clean = value.replaceAll(/['\0]/g, '')
      const { headers } = readCurlLine(`curl -H 'X: ${clean}' ${url}`)
      expect(headers.at(-1)).toEqual(clean.trim() === '' ? ['Accept', '*/*'] : ['X', clean.trim()])
      try {
        readCurlLine(`curl ${value}`)
      } catch (error) {
        expect(error).toBeInstanceOf(CurlLineUnreadable)
      }
    }),
  )
})
