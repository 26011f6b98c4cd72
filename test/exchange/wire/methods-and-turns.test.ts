import { wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { type ReceivedRequest, smallBundle } from '../../support/fake-provider.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import {
  dial,
  expectFhirRefusal,
  expectNothingLeft,
  expectRefusedRequest,
  expectWireRefusal,
  malformed,
  outcomeRecord,
  type Refused,
  refusalRecord,
  wirePut,
} from '../../support/wire.ts'

let here: World
let wide: World
let honest: World['provider']['answer']
beforeAll(async () => {
  const allowed = ['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE']
  here = await startWorld({ settings: everyRefusalRecorded })
  wide = await startWorld({ settings: { ...everyRefusalRecorded, checks: { method: { allowed } } } })
  honest = here.provider.answer
})
afterEach(async () => {
  here.provider.answer = honest
  await Promise.all([here, wide].map(expectNothingLeft))
})
afterAll(async () => {
  await here.close()
  await wide.close()
})

const notImplemented: Refused = { status: 501, code: 'NOT_IMPLEMENTED' }
const unknownForm = { interaction: world.unknownForm, target: `/${world.root}/Slot` }

describe('F10: Upgrade', () => {
  test.each([
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    'Connection: keep-alive, upgrade\r\nUpgrade: TLS/1.0\r\n',
    'Upgrade: websocket\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n',
    'Connection: close, Upgrade\r\nUpgrade: websocket\r\n',
    'connection: UPGRADE\r\nupgrade: HTTP/2.0\r\n',
    'Connection: Upgrade\r\nUpgrade: connect-udp\r\nCapsule-Protocol: ?1\r\n',
  ])('with a body: no tunnel, the body keeps its length, and the connection ends behind the answer (%j)', async (extra) => {
    const line = await dial(here)
    const before = here.provider.received.length
    line.send(wirePut('Content-Length: 5\r\n', 'hello', { extra }) + wireText())
    line.send(wireText())
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.headers.get('connection')])).toEqual([[200, 'close']])
    expect(here.provider.received).toHaveLength(before + 1)
    const upgraded = here.provider.received.at(-1)
    expect(upgraded?.body.toString()).toBe('hello')
    const names = upgraded?.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
    expect(names).not.toContain('upgrade')
    expect(names).not.toContain('http2-settings')
    expect(await outcomeRecord(here, answers[0]?.exchange ?? '')).toMatchObject({ end: 'complete', status: 200, requestBytes: 5 })
    line.close()
  })
})

describe('F11: methods', () => {
  test.each([
    ['CONNECT', wireText({ method: 'CONNECT', target: 'provider.thirdparty.nhs.uk:443' })],
    ['CONNECT with a target that is an origin form', wireText({ method: 'CONNECT' })],
    ['CONNECT with a body', wireText({ method: 'CONNECT', target: 'a:443', extra: 'Content-Length: 5\r\n', body: 'ab' })],
    [
      'CONNECT with a chunked body',
      wireText({ method: 'CONNECT', target: 'a:443', extra: 'Transfer-Encoding: chunked\r\n', body: '1\r\na\r\n0\r\n\r\n' }),
    ],
    ['CONNECT on HTTP/1.0', wireText({ method: 'CONNECT', target: 'a:443', version: '1.0' })],
    ['a lower-case method', wireText({ method: 'get' })],
    ['a mixed-case method', wireText({ method: 'Get' })],
    ['a method of 4 kB', wireText({ method: 'A'.repeat(4096) })],
    ['a method of 64 kB', wireText({ method: 'A'.repeat(65_536) })],
    ['a method that nobody knows', wireText({ method: 'FROBNICATE' })],
    ['a method that begins like one', wireText({ method: 'GETS' })],
    ['an empty method', wireText({ method: '' })],
    ['bytes beyond ASCII', wireText({ method: 'G\xcbT' })],
    ['a header name in the place of a method', 'Host: x\r\n\r\n'],
    ['NUL', '\x00\x00\x00\x00\r\n\r\n'],
    ['an answer in the place of a request', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a TLS ClientHello within the connection', Buffer.from('16030100f8010000f40303', 'hex').toString('latin1')],
    ['an SSH banner', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a PROXY protocol header', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n'],
    ['a PROXY protocol header of version 2', Buffer.from('0d0a0d0a000d0a515549540a', 'hex').toString('latin1')],
  ])('%s: 501 (or 400), and nothing behind it is read', async (_, bytes) => {
    await expectWireRefusal(here, bytes, notImplemented, malformed)
  })

  test('CONNECT: the record holds method and target', async () => {
    const record = await expectWireRefusal(here, wireText({ method: 'CONNECT', target: 'provider.thirdparty.nhs.uk:443' }), notImplemented)
    expect(record).toMatchObject({
      request: { method: 'CONNECT', from: world.consumer.asid },
      personal: { url: 'provider.thirdparty.nhs.uk:443' },
    })
  })

  test('TRACE: 405, and nothing of the request comes back', async () => {
    const line = await dial(here)
    line.send(wireText({ method: 'TRACE', extra: 'X-Secret: do-not-echo\r\n' }))
    const [answer] = await line.answered(1)
    expectFhirRefusal(answer!, 'METHOD_NOT_ALLOWED')
    expect([answer?.status, answer?.rule]).toEqual([405, 'method'])
    expect(answer?.headers.get('allow')).toBe('GET, POST, PUT, OPTIONS')
    expect(line.text).not.toContain('do-not-echo')
    expect(await refusalRecord(here, answer?.exchange ?? '')).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
    line.close()
  })

  test.each(['TRACE', 'PATCH', 'DELETE'])('%s, where it is not allowed: 405, and the connection goes on', async (method) => {
    await expectRefusedRequest(here, wireText({ method }), { status: 405, code: 'METHOD_NOT_ALLOWED', rule: 'method' })
  })

  test.each(['PURGE', 'PROPFIND', 'MKCOL', 'SUBSCRIBE', 'QUERY', 'M-SEARCH', 'LINK', 'SOURCE'])(
    '%s, which Node knows: 501, closed',
    async (method) => {
      await expectWireRefusal(
        here,
        wireText({ method }),
        { status: 501, code: 'UNKNOWN_METHOD', rule: 'method' },
        notImplemented,
        malformed,
      )
    },
  )
})

describe('F12: methods that seldom have a body', () => {
  /** Sends both on one connection, and gives back what the provider has then received. */
  async function receivedOf(hostile: string): Promise<readonly ReceivedRequest[]> {
    const before = wide.provider.received.length
    const line = await dial(wide)
    line.send(hostile + wireText())
    await until('both have arrived', () => wide.provider.received.length >= before + 2)
    line.close()
    return wide.provider.received.slice(before)
  }

  test.each(['GET', 'HEAD', 'DELETE', 'PATCH'])('%s with Content-Length: framed exactly', async (method) => {
    const extra = 'Content-Type: application/fhir+json\r\nContent-Length: 5\r\n'
    const received = await receivedOf(wireText({ ...unknownForm, method, extra, body: 'hello' }))
    expect(received.map((one) => [one.method, one.body.toString()])).toEqual([
      [method, 'hello'],
      ['GET', ''],
    ])
    const names = received[0]?.rawHeaders.map((name) => name.toLowerCase()) ?? []
    expect(received[0]?.rawHeaders[names.indexOf('content-length') + 1]).toBe('5')
    expect(names).not.toContain('transfer-encoding')
  })

  test.each(['GET', 'HEAD', 'DELETE', 'PATCH', 'POST'])('%s, chunked: framed exactly, whatever the chunks look like', async (method) => {
    const extra = 'Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n'
    const inside = 'GET /smuggled HTTP/1.1\r\nX: \r\n'
    const body = `5;a=b\r\nhello\r\n${inside.length.toString(16)}\r\n${inside}\r\n0\r\n\r\n`
    const received = await receivedOf(wireText({ ...unknownForm, method, extra, body }))
    expect(received.map((one) => [one.method, one.body.toString()])).toEqual([
      [method, `hello${inside}`],
      ['GET', ''],
    ])
    const names = received[0]?.rawHeaders.map((name) => name.toLowerCase()) ?? []
    expect(received[0]?.rawHeaders[names.indexOf('transfer-encoding') + 1]).toBe('chunked')
    expect(names).not.toContain('content-length')
  })

  test('HEAD: the refusal has no body, so that the next answer is where it should be', async () => {
    const line = await dial(wide)
    line.send(wireText({ method: 'HEAD' }).replace(/Ssp-To: .*\r\n/, ''))
    await until('the answer to HEAD', () => line.text.includes('\r\n\r\n'))
    const head = line.text
    expect(head).toMatch(/^HTTP\/1\.1 400 /)
    expect(head.endsWith('\r\n\r\n')).toBe(true)
    line.send(wireText())
    await until('the next answer', () => line.text.length > head.length + 500)
    expect(line.text.slice(head.length)).toMatch(/^HTTP\/1\.1 200 /)
    line.close()
  })
})

describe('F13: requests sent ahead of their answers', () => {
  const stranger = wireText().replace(`Ssp-To: ${world.provider.asid}`, 'Ssp-To: 918999198994')

  test.each([
    ['refused, refused', [stranger, stranger], ['receiver-interaction', 'receiver-interaction']],
    ['refused, passed', [stranger, wireText()], ['receiver-interaction', 'provider-exchange']],
    ['passed, refused', [wireText(), stranger], ['provider-exchange', 'receiver-interaction']],
    ['passed, refused, passed', [wireText(), stranger, wireText()], ['provider-exchange', 'receiver-interaction', 'provider-exchange']],
  ])('each has a decision of its own, in order: %s', async (_, texts, rules) => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(texts.join(''))
    const answers = await line.answered(rules.length)
    expect(answers.map((one) => one.rule)).toEqual(rules)
    for (const answer of answers.filter((one) => one.rule === 'receiver-interaction')) {
      expectFhirRefusal(answer, 'RECEIVER_NOT_ACCREDITED')
      expect(await refusalRecord(here, answer.exchange)).toMatchObject({ status: 403, rule: 'receiver-interaction' })
    }
    expect(new Set(answers.map((one) => one.exchange)).size).toBe(rules.length)
    expect(here.provider.received).toHaveLength(before + rules.filter((rule) => rule === 'provider-exchange').length)
    line.close()
  })

  test('behind one that closes the connection, nothing is answered or forwarded', async () => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(wireText({ extra: 'Ssp-To: 918999198994\r\n' }) + wireText().repeat(5))
    expect((await line.end()).map((one) => one.status)).toEqual([400])
    expect(here.provider.received).toHaveLength(before)
    line.close()
  })

  test('behind one that asked for the connection to close, nothing is answered or forwarded', async () => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(wireText({ extra: 'Connection: close\r\n' }) + wireText().repeat(5))
    expect((await line.end()).map((one) => one.status)).toEqual([200])
    expect(here.provider.received).toHaveLength(before + 1)
    line.close()
  })

  test('HTTP/1.0 ends behind its answer, and nothing behind it is forwarded, keep-alive or not', async () => {
    here.provider.answer = async (_request, response, body) => {
      await body()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      response.write(smallBundle)
      response.end()
    }
    for (const extra of ['', 'Connection: keep-alive\r\n']) {
      const before = here.provider.received.length
      const line = await dial(here)
      line.send(wireText({ version: '1.0', extra }) + wireText().repeat(3))
      await line.end()
      expect(line.text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(line.text.endsWith(smallBundle)).toBe(true)
      expect(here.provider.received).toHaveLength(before + 1)
      line.close()
    }
  })

  test('bytes that are no request, behind an honest one: it gets its answer first, then they are refused', async () => {
    const line = await dial(here)
    line.send(`${wireText()}\x00garbage\r\n\r\n${wireText()}`)
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.rule])).toEqual([
      [200, 'provider-exchange'],
      [501, 'wire-form'],
    ])
    expect(await refusalRecord(here, answers[1]?.exchange ?? '')).toMatchObject({ rule: 'wire-form' })
    line.close()
  })

  test('CONNECT behind an honest request: the same', async () => {
    const line = await dial(here)
    line.send(`${wireText()}${wireText({ method: 'CONNECT', target: 'a:443' })}${wireText()}`)
    expect((await line.end()).map((one) => one.status)).toEqual([200, 501])
    line.close()
  })

  test('a malformed body behind an honest request: the same', async () => {
    const line = await dial(here)
    line.send(`${wireText()}${wirePut('Transfer-Encoding: chunked\r\n', 'zz\r\n')}${wireText()}`)
    expect((await line.end()).map((one) => one.status)).toEqual([200, 400])
    line.close()
  })

  test('80 at once are answered one by one, in order, on the same connection', async () => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(Array.from({ length: 80 }, (_, at) => wireText({ target: `/${world.root}/Patient?identifier=${at}` })).join(''))
    const answers = await line.answered(80)
    expect(new Set(answers.map((one) => one.status))).toEqual(new Set([200]))
    expect(answers.at(-1)?.headers.get('connection')).toBe('keep-alive')
    const targets = here.provider.received.slice(before).map(({ target }) => target)
    expect(targets).toEqual(answers.map((_, at) => `/T99999/STU3/1/Patient?identifier=${at}`))
    line.close()
  })
})

describe('F13: OPTIONS among requests sent ahead', () => {
  const options = (framing = '', body = '') => wireText({ method: 'OPTIONS', extra: framing, body })
  const inside = wireText()

  test.each([
    ['alone', options(), [200]],
    ['with a body of a known length', options(`Content-Length: ${inside.length}\r\n`, inside), [200]],
    ['with a chunked body', options('Transfer-Encoding: chunked\r\n', `${inside.length.toString(16)}\r\n${inside}\r\n0\r\n\r\n`), [200]],
    ['twice', options() + options(), [200, 200]],
    ['a refusal with a body', wirePut(`Content-Length: ${inside.length}\r\n`, inside).replace(/Ssp-To: .*\r\n/, ''), [400]],
    [
      'a refusal with a chunked body',
      wirePut('Transfer-Encoding: chunked\r\n', `${inside.length.toString(16)}\r\n${inside}\r\n0\r\n\r\n`).replace(/Ssp-To: .*\r\n/, ''),
      [400],
    ],
    ['OPTIONS behind a refusal with a body', wirePut('Content-Length: 2\r\n', '{}').replace(/Ssp-To: .*\r\n/, '') + options(), [400, 200]],
    ['a refusal with a body behind OPTIONS', options() + wirePut('Content-Length: 2\r\n', '{}').replace(/Ssp-To: .*\r\n/, ''), [200, 400]],
  ])('%s: a body is no request, and the honest one behind it gets the one answer that is forwarded', async (_, bytes, statuses) => {
    const before = here.provider.received.length
    const line = await dial(here)
    line.send(bytes + wireText())
    const answers = await line.answered(statuses.length + 1)
    expect(answers.map((one) => one.status)).toEqual([...statuses, 200])
    expect(answers.map((one) => one.rule === 'provider-exchange')).toEqual([...statuses.map(() => false), true])
    expect(here.provider.received).toHaveLength(before + 1)
    for (const answer of answers.slice(0, -1)) {
      if (answer.status === 200) expect(answer).toMatchObject({ rule: 'method', body: '' })
      else expectFhirRefusal(answer, 'BAD_REQUEST')
      expect(await refusalRecord(here, answer.exchange)).toMatchObject({ status: answer.status, rule: answer.rule })
    }
    line.close()
  })

  test.each(['GET', 'OPTIONS'])(
    '%s whose body comes later: it is answered, the connection ends, and the body is no request',
    async (method) => {
      const before = here.provider.received.length
      const line = await dial(here)
      line.send(
        wireText({ method, extra: `Content-Length: ${inside.length * 3}\r\n` }).replace(/Ssp-To: .*\r\n/, method === 'GET' ? '' : '$&'),
      )
      await line.answered(1)
      line.send(inside.repeat(3) + wireText())
      const answers = await line.end()
      expect(answers.map((one) => [one.status, one.headers.get('connection')])).toEqual([[method === 'GET' ? 400 : 200, 'close']])
      expect(here.provider.received).toHaveLength(before)
      line.close()
    },
  )
})

describe('D7: HTTP/2', () => {
  test('its preface gets 400, and the connection ends', async () => {
    await expectWireRefusal(here, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', malformed)
  })

  test('its preface behind an honest request: the same', async () => {
    const line = await dial(here)
    line.send(`${wireText()}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`)
    expect((await line.end()).map((one) => one.status)).toEqual([200, 400])
    line.close()
  })

  test('a preface that is none', async () => {
    const otherVersion: Refused = { status: 505, code: 'VERSION_NOT_SUPPORTED' }
    await expectWireRefusal(here, 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', malformed, otherVersion)
    await expectWireRefusal(here, 'PRI * HTTP/1.1\r\n\r\n', malformed, otherVersion)
  })

  const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload]).toString('latin1')
  }
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const nothing = Buffer.alloc(0)
  test.each([
    [
      'a rapid reset',
      Array.from(
        { length: 500 },
        (_, at) => frame(1, 5, at * 2 + 1, Buffer.from('8286', 'hex')) + frame(3, 0, at * 2 + 1, Buffer.alloc(4)),
      ).join(''),
    ],
    ['a flood of CONTINUATION', frame(1, 0, 1, nothing) + frame(9, 0, 1, Buffer.alloc(100)).repeat(500)],
    ['a flood of PING', frame(6, 0, 0, Buffer.alloc(8)).repeat(500)],
    ['a flood of SETTINGS', frame(4, 0, 0, nothing).repeat(500)],
    ['window updates that overflow', frame(8, 0, 0, Buffer.from('7fffffff', 'hex')).repeat(10)],
    ['bad HPACK', frame(1, 5, 1, Buffer.alloc(200, 0xff))],
    ['frames without a preface', '', frame(4, 0, 0, nothing) + frame(1, 5, 1, Buffer.from('8286', 'hex'))],
  ])('%s behind it is never read as HTTP/2', async (_, frames, alone = '') => {
    await expectWireRefusal(here, alone === '' ? preface + frames : alone, malformed, notImplemented)
  })

  test('h2c is not switched to: the request is answered as HTTP/1.1', async () => {
    const line = await dial(here)
    line.send(wireText({ extra: 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n' }))
    expect((await line.end()).map((one) => one.status)).toEqual([200])
    expect(line.text).not.toContain(' 101 ')
    line.close()
  })
})
