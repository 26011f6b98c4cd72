import { wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import {
  dial,
  endRecord,
  expectFhirRefusal,
  expectNothingLeft,
  expectWireRefusal,
  malformed,
  type Refused,
  wirePut,
} from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterEach(() => expectNothingLeft(here))
afterAll(() => here.close())

const notSpoken: Refused = { status: 505, code: 'VERSION_NOT_SUPPORTED' }
const empty = '0\r\n\r\n'

describe('F1: Content-Length beside Transfer-Encoding', () => {
  test.each([
    ['length first', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['coding first', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
    ['lower case', 'content-length: 5\r\ntransfer-encoding: chunked\r\n'],
    ['mixed case', 'CONTENT-LENGTH: 5\r\nTrAnSfEr-EnCoDiNg: CHUNKED\r\n'],
    ['length 0', 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n'],
    ['length twice', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n'],
    ['headers between', 'Content-Length: 5\r\nX-A: 1\r\nX-B: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['identity', 'Transfer-Encoding: identity\r\nContent-Length: 5\r\n'],
    ['spaces around', 'Content-Length:   5  \r\nTransfer-Encoding: \t chunked \t\r\n'],
  ])('%s', async (_, framing) => {
    await expectWireRefusal(here, wirePut(framing, empty), malformed)
  })
})

describe('F2: a transfer coding that is not chunked alone', () => {
  test.each([
    ',chunked',
    'chunked,',
    'gzip, chunked',
    'chunked, gzip',
    'chunked, chunked',
    'chunked, identity',
    'xchunked',
    'chunkedx',
    'chunked;q=1',
    '"chunked"',
    '\x0bchunked',
    'chunked\x0b',
    '\x00chunked',
    'chu\x80nked',
    'identity',
    'gzip',
    '',
    'c hunked',
  ])('%j', async (coding) => {
    await expectWireRefusal(here, wirePut(`Transfer-Encoding: ${coding}\r\n`, empty), malformed)
  })

  test('twice', async () => {
    await expectWireRefusal(here, wirePut('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', empty), malformed)
  })

  test('twice, of which the second is identity', async () => {
    await expectWireRefusal(here, wirePut('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', empty), malformed)
  })

  test('on a GET', async () => {
    await expectWireRefusal(here, wireText({ extra: 'Transfer-Encoding: gzip, chunked\r\n', body: empty }), malformed)
  })
})

describe('F3: chunked on HTTP/1.0', () => {
  test.each([
    '',
    'Connection: keep-alive\r\n',
    'Connection: close\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'Expect: 100-continue\r\n',
    'TE: trailers\r\n',
    'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n',
  ])('with %j', async (extra) => {
    await expectWireRefusal(here, wirePut('Transfer-Encoding: chunked\r\n', empty, { version: '1.0', extra }), malformed)
  })
})

describe('F4: other versions of HTTP', () => {
  const target = '/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient'

  test('HTTP/0.9: a request line alone is refused, whatever follows', async () => {
    await expectWireRefusal(here, `GET ${target}\r\n`, notSpoken)
  })

  test('HTTP/0.9: a request line and nothing more', async () => {
    await expectWireRefusal(here, `GET ${target}\r\n\r\n`, { ...notSpoken, behind: '' })
  })

  test.each(['0.9', '1.2', '2.0', '3.0', '9.9'])('HTTP/%s', async (version) => {
    await expectWireRefusal(here, wireText({ version }), notSpoken)
  })

  test.each([
    ['http/1.1', `GET ${target} http/1.1\r\n`],
    ['HTP/1.1', `GET ${target} HTP/1.1\r\n`],
    ['HTTP/1', `GET ${target} HTTP/1\r\n`],
    ['HTTP/11', `GET ${target} HTTP/11\r\n`],
    ['HTTP/1.10', `GET ${target} HTTP/1.10\r\n`],
    ['HTTP/1.1 and a word', `GET ${target} HTTP/1.1 x\r\n`],
    ['ICE/1.0', `GET ${target} ICE/1.0\r\n`],
  ])('%s is no version', async (_, line) => {
    await expectWireRefusal(here, `${line}Host: x\r\n\r\n`, malformed, notSpoken)
  })
})

describe('F5: Content-Length that is not one length', () => {
  test.each([
    'Content-Length:\r\n',
    'Content-Length: \r\nContent-Length: 5\r\n',
    'Content-Length: 5\r\nContent-Length: 5\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Content-Length: 5, 5\r\n',
    'Content-Length: 5,6\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: -5\r\n',
    'Content-Length: 0x5\r\n',
    'Content-Length: 5a\r\n',
    'Content-Length: 5 5\r\n',
    'Content-Length: 5.0\r\n',
    'Content-Length: 5_0\r\n',
    'Content-Length: \x0b5\r\n',
    'Content-Length: 18446744073709551621\r\n',
    'Content-Length: 9999999999999999\r\n',
    'Content-Length: "5"\r\n',
    'content-length: 5\r\nCONTENT-LENGTH: 0\r\n',
  ])('%j', async (framing) => {
    await expectWireRefusal(here, wirePut(framing, 'hello'), malformed)
  })
})

const chunked = (body: string) => wirePut('Transfer-Encoding: chunked\r\n', body)

describe('F6: chunk sizes', () => {
  test.each([
    '0x1\r\na\r\n0\r\n\r\n',
    '+1\r\na\r\n0\r\n\r\n',
    '-1\r\na\r\n0\r\n\r\n',
    '1_0\r\naaaaaaaaaaaaaaaa\r\n0\r\n\r\n',
    '11111111111111111111\r\na\r\n0\r\n\r\n',
    'ffffffffffffffff1\r\na\r\n0\r\n\r\n',
    ' 1\r\na\r\n0\r\n\r\n',
    '\t1\r\na\r\n0\r\n\r\n',
    '1 \r\na\r\n0\r\n\r\n',
    '\r\n\r\n',
    'g\r\na\r\n0\r\n\r\n',
    '"1"\r\na\r\n0\r\n\r\n',
    '1,\r\na\r\n0\r\n\r\n',
    '\x001\r\na\r\n0\r\n\r\n',
    '\xb2\r\naa\r\n0\r\n\r\n',
  ])('%j', async (body) => {
    await expectWireRefusal(here, chunked(body), malformed)
  })
})

describe('F7: line ends in chunks and heads', () => {
  test.each([
    ['bare LF behind a size', '1\na\r\n0\r\n\r\n'],
    ['bare LF behind a chunk', '1\r\na\n0\r\n\r\n'],
    ['bare CR behind a size', '1\ra\r\n0\r\n\r\n'],
    ['CR CR behind a size', '1\r\r\na\r\n0\r\n\r\n'],
    ['\\r\\rX behind a size', '1\r\rXa\r\n0\r\n\r\n'],
    ['extra CRLF before the last chunk', '1\r\na\r\n\r\n0\r\n\r\n'],
    ['two bytes in the place of the CRLF behind a chunk', '1\r\naXX0\r\n\r\n'],
    ['a chunk longer than its size', '1\r\nab\r\n0\r\n\r\n'],
    ['bare LF behind the last size', '1\r\na\r\n0\n\r\n'],
    ['bare LF as the end of the trailers', '1\r\na\r\n0\r\n\n'],
    ['CR X as the end of the trailers', '1\r\na\r\n0\r\n\rX'],
    ['LF within a chunk extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
    ['CR within a chunk extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
    ['LF within a quoted chunk extension', '1;a="\nGET / HTTP/1.1\r\n\r\n"\r\na\r\n0\r\n\r\n'],
    ['NUL within a chunk extension', '1;a\x00\r\na\r\n0\r\n\r\n'],
    ['an obs-fold in the trailers', '1\r\na\r\n0\r\nX-A: 1\r\n 2\r\n\r\n'],
    ['a space before the colon in the trailers', '1\r\na\r\n0\r\nX-A : 1\r\n\r\n'],
  ])('%s', async (_, body) => {
    await expectWireRefusal(here, chunked(body), malformed)
  })

  const lines = wireText().split('\r\n\r\n')[0] ?? ''
  test.each([
    ['\\r\\n\\rX as the end of the head', `${lines}\r\n\rX`],
    ['LF LF as the end of the head', `${lines}\n\n`],
    ['CR CR as the end of the head', `${lines}\r\r`],
    ['LF as the end of the request line', wireText().replace('\r\n', '\n')],
    ['CR as the end of the request line', wireText().replace('\r\n', '\r')],
    ['CR CR LF as the end of the request line', wireText().replace('\r\n', '\r\r\n')],
    ['a space before the first header', wireText().replace('\r\nHost', '\r\n Host')],
    ['a tab before the first header', wireText().replace('\r\nHost', '\r\n\tHost')],
    ['a space before the method', ` ${wireText()}`],
    ['a tab behind the method', wireText().replace('GET ', 'GET\t')],
    ['a space behind the version', wireText().replace(' HTTP/1.1', ' HTTP/1.1 ')],
    ['a tab for a space in the request line', wireText().replace(' HTTP/1.1', '\tHTTP/1.1')],
  ])('%s', async (_, bytes) => {
    await expectWireRefusal(here, bytes, malformed, notSpoken, { status: 501, code: 'NOT_IMPLEMENTED' })
  })
})

test.each([
  ['before the target', (text: string) => text.replace('GET ', 'GET  ')],
  ['before the version', (text: string) => text.replace(' HTTP', '   HTTP')],
])('F7: more than one space %s is refused: some read it as one, some as an empty target', async (_, spaced) => {
  await expectWireRefusal(here, spaced(wireText()), malformed)
})

describe('F8: chunks without end', () => {
  test('an extension of 64 kB', async () => {
    await expectWireRefusal(here, chunked(`1;${'a'.repeat(65_536)}\r\na\r\n0\r\n\r\n`), malformed)
  })

  test('extensions that add up, over many chunks', async () => {
    await expectWireRefusal(here, chunked(`1;${'a'.repeat(1_000)}\r\na\r\n`.repeat(100)), malformed)
  })

  test('an extension that never ends is given up, not stored', async () => {
    const line = await dial(here)
    line.send(chunked('1;'))
    for (let i = 0; i < 64 && !line.ended; i++) {
      line.send('a'.repeat(1024))
      await new Promise(setImmediate)
    }
    const [answer] = await line.end()
    expect([answer?.status, answer?.rule]).toEqual([400, 'wire-form'])
    expectFhirRefusal(answer!, 'MALFORMED_REQUEST')
    expect(await endRecord(here, answer?.exchange ?? '')).toMatchObject({ status: 400, rule: 'wire-form' })
    line.close()
  })

  test.each([
    ['one of 20 kB', `1;${'a'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
    ['with a quoted value', `1;a="${'b'.repeat(20_000)}"\r\na\r\n0\r\n\r\n`],
    ['many of one chunk', `1${';a=b'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
    ['empty ones', `1${';'.repeat(100_000)}\r\na\r\n0\r\n\r\n`],
    ['on the last chunk', `1\r\na\r\n0;${'a'.repeat(20_000)}\r\n\r\n`],
    ['many small ones over many chunks', '1;a\r\na\r\n'.repeat(20_000)],
  ])('extensions (%s) count together, up to 16 kB of a request', async (_, body) => {
    await expectWireRefusal(here, chunked(body), malformed)
  })

  test('trailers of 64 kB', async () => {
    await expectWireRefusal(here, chunked(`1\r\na\r\n0\r\nX-A: ${'a'.repeat(65_536)}\r\n\r\n`), { status: 431, code: 'HEADERS_TOO_LARGE' })
  })

  test('50,000 chunks of one byte pass as the body they are', async () => {
    const line = await dial(here)
    line.send(chunked('1\r\na\r\n'.repeat(50_000) + empty))
    const [answer] = await line.answered(1)
    expect(answer?.status).toBe(200)
    expect(here.provider.received.at(-1)?.body).toEqual(Buffer.alloc(50_000, 'a'))
    line.close()
  })
})

describe('F5: a length of zero, however many digits it has', () => {
  test.each(['0', '00', '000000000000000'])('%s: no body is waited for, and the connection is kept', async (length) => {
    const line = await dial(here)
    line.send(wireText({ extra: `Content-Length: ${length}\r\n` }))
    const [answer] = await line.answered(1)
    expect([answer?.status, answer?.headers.get('connection')]).toEqual([200, 'keep-alive'])
    const { rawHeaders = [] } = here.provider.received.at(-1) ?? {}
    expect(rawHeaders[rawHeaders.indexOf('content-length') + 1]).toBe('0')
    line.close()
  })
})
