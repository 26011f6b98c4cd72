import { answerFraming } from '../../../src/forwarding/answer-framing.ts'
import { canBeginAnswer, readAnswerHead } from '../../../src/forwarding/answer-head.ts'
import { keptAfter } from '../../../src/forwarding/answer-persistence.ts'

function headOf(text: string) {
  const head = readAnswerHead(text)
  if (head === undefined) throw new Error(`no head: ${text}`)
  return head
}
const framingOf = (lines: string, { method = 'GET', first = 'HTTP/1.1 200 OK' } = {}) => answerFraming(method, headOf(`${first}${lines}`))

test.each([
  ['', { kind: 'until-close' }],
  ['\r\nContent-Length: 5', { kind: 'length', bytes: 5 }],
  ['\r\nContent-Length: 0', { kind: 'none' }],
  ['\r\nTransfer-Encoding: Chunked', { kind: 'chunked' }],
  ['\r\nContent-Length: 5\r\nContent-Length: 5', { kind: 'fault' }],
  ['\r\nContent-Length: 5, 5', { kind: 'fault' }],
  ['\r\nContent-Length: +5', { kind: 'fault' }],
  ['\r\nContent-Length:', { kind: 'fault' }],
  ['\r\nContent-Length: 5\r\nTransfer-Encoding: chunked', { kind: 'fault' }],
  ['\r\nTransfer-Encoding: gzip, chunked', { kind: 'fault' }],
  ['\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked', { kind: 'fault' }],
])('%j frames %j', (lines, framing) => {
  expect(framingOf(lines)).toMatchObject(framing)
})

test('what has no body has none, and odd lengths are a fault there too', () => {
  for (const over of [{ method: 'HEAD' }, { first: 'HTTP/1.1 204 No Content' }, { first: 'HTTP/1.1 304 Not Modified' }]) {
    for (const lines of ['', '\r\nContent-Length: 5', '\r\nTransfer-Encoding: chunked'])
      expect(framingOf(lines, over)).toEqual({ kind: 'none' })
    expect(framingOf('\r\nContent-Length: x', over)).toMatchObject({ kind: 'fault' })
  }
})

test('HTTP/1.0 knows no chunks', () => {
  expect(framingOf('\r\nTransfer-Encoding: chunked', { first: 'HTTP/1.0 200 OK' })).toMatchObject({ kind: 'fault' })
})

test.each([
  ['HTTP/1.1 200 OK', { status: 200, reason: 'OK', httpVersion: '1.1' }],
  ['HTTP/1.0 404 Not  Found\xe9', { status: 404, reason: 'Not  Found\xe9', httpVersion: '1.0' }],
  ['HTTP/1.1 200 ', { status: 200, reason: '' }],
  ['HTTP/1.1 200', { status: 200, reason: '' }],
])('%j is a status line', (line, head) => {
  expect(readAnswerHead(line)).toMatchObject(head)
  for (let end = 0; end <= line.length; end++) expect(canBeginAnswer(line.slice(0, end))).toBe(true)
})

test.each([
  'HTTP/2.0 200 OK',
  'HTTP/1.1 099 x',
  'HTTP/1.1 1000 x',
  'HTTP/1.1  200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1 200\tOK',
  'HTTP/1.1 2x0 OK',
])('%j is none, and is told so before the head has an end', (line) => {
  expect(readAnswerHead(line)).toBeUndefined()
  expect(canBeginAnswer(`${line}\r\n`)).toBe(false)
})

test.each([
  ['HTTP/1.1 200 OK\r\nContent-Length: 5', 'GET', 30_000],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close', 'GET', 0],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close', 'GET', 0],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5', 'GET', 0],
  ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive', 'GET', 30_000],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5', 'GET', 4_000],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=1', 'GET', 0],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=600', 'GET', 30_000],
  ['HTTP/1.1 200 OK', 'GET', 0],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5', 'HEAD', 0],
  ['HTTP/1.1 204 No Content', 'GET', 0],
])('behind %j to %s the connection is kept %d ms', (text, method, kept) => {
  const head = headOf(text)
  expect(keptAfter(method, head, answerFraming(method, head), 30_000)).toBe(kept)
})
