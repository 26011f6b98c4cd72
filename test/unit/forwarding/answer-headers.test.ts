import fc from 'fast-check'
import { answerHeaders } from '../../../src/forwarding/answer-headers.ts'
import { droppedFromAnswer } from '../../../src/spine/header-names.ts'
import { namesOf } from '../../support/names-of.ts'

const linesOf = (raw: readonly string[]) => ({ raw, names: namesOf(raw) })

test('end-to-end headers pass in order, case and bytes, repeated ones too', () => {
  const lines = [
    'ETag',
    'W/"1"',
    'cache-control',
    'no-store',
    'Location',
    'http://10.0.0.1/',
    'X-A',
    'caf\xe9',
    'X-A',
    '\xff',
    'Warning',
    '1',
    'Content-Length',
    '3',
    'Vary',
    'a',
    'vary',
    'b',
  ]
  expect(answerHeaders(linesOf(lines), 200)).toEqual({ list: lines, dropped: [], serverTiming: undefined })
})

test('any header that is not named in a rule passes as it came', () => {
  const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) })
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.string({ unit: fc.constantFrom(...'abXY-_9'.split('')), minLength: 1 }).map((name) => `q${name}`),
          value,
        ),
      ),
      (lines) => {
        expect(answerHeaders(linesOf(lines.flat()), 200).list).toEqual(lines.flat())
      },
    ),
  )
})

test('hop-by-hop headers, and whatever Connection names, go without a word; content headers stay', () => {
  const lines = [
    'X-Hop',
    'a',
    'Connection',
    'close, X-Hop',
    'connection',
    'X-Too, Content-Type',
    'Keep-Alive',
    'x',
    'Transfer-Encoding',
    'chunked',
    'Trailer',
    'x',
    'TE',
    'x',
    'Upgrade',
    'x',
    'Proxy-Authenticate',
    'x',
    'x-too',
    'b',
    'Content-Type',
    'a/b',
    'Kept',
    'c',
  ]
  expect(answerHeaders(linesOf(lines), 200)).toEqual({ list: ['Content-Type', 'a/b', 'Kept', 'c'], dropped: [], serverTiming: undefined })
})

test('O6: what would act on our origin, or pretends to be ours, is dropped and told', () => {
  const lines = [...droppedFromAnswer].flatMap((name) => [name.toUpperCase(), 'x'])
  expect(answerHeaders(linesOf([...lines, 'Kept', 'y', 'Set-Cookie', 'z']), 200)).toEqual({
    list: ['Kept', 'y'],
    dropped: [...droppedFromAnswer, 'set-cookie'],
    serverTiming: undefined,
  })
})

test('Server-Timing is kept apart, for ours to be appended', () => {
  expect(answerHeaders(linesOf(['server-timing', 'db;dur=1', 'A', 'b', 'Server-Timing', 'app;dur=2']), 200)).toEqual({
    list: ['A', 'b'],
    dropped: [],
    serverTiming: 'db;dur=1, app;dur=2',
  })
})

test('a 204 says nothing of a length; a 304 tells that of what is the same', () => {
  const lines = ['ETag', 'W/"1"', 'Content-Length', '3']
  expect(answerHeaders(linesOf(lines), 204).list).toEqual(['ETag', 'W/"1"'])
  expect(answerHeaders(linesOf(lines), 304).list).toEqual(lines)
})
