import fc from 'fast-check'
import { InterimFilter } from '../../../src/forwarding/interim-filter.ts'

const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
const continued = 'HTTP/1.1 100 Continue\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nX: HTTP/1.1 200\r\n\r\n'

/** What the parser would see of these pieces, behind one request. */
function seen(pieces: readonly string[], filter = new InterimFilter()): string {
  filter.expectHead()
  return pieces.map((piece) => filter.pass(Buffer.from(piece, 'latin1')).toString('latin1')).join('')
}

/** The text cut at these offsets. */
function cut(text: string, at: readonly number[]): readonly string[] {
  const offsets = [...new Set(at.map((one) => one % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...offsets].map((from, index) => text.slice(from, [...offsets, text.length][index]))
}

test('interim answers are taken out, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(continued, hints, 'HTTP/1.1 102\r\n\r\n'), { maxLength: 16 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (before, at) => {
        const filter = new InterimFilter()
        expect(seen(cut(before.join('') + final, at), filter)).toBe(final)
        expect(filter.dropped).toBe(before.length)
      },
    ),
  )
})

test('whatever is no interim answer comes out as it went in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), fc.array(fc.nat(), { maxLength: 5 }), (text, at) => {
      const all = `HTTP/1.1 2${text}`
      expect(seen(cut(all, at))).toBe(all)
    }),
  )
  for (const odd of [
    'SSH-2.0-x\r\n',
    'HTTP/1.1 101 Switching\r\n\r\n',
    'HTTP/2.0 100 x\r\n\r\n',
    'HTTP/1.1 1x0 x\r\n\r\n',
    'HTTP/1.1 1000 x\r\n\r\n',
    '\r\n\r\nHTTP/1.1 100\r\n\r\n',
  ])
    expect(seen([odd])).toBe(odd)
})

test('an interim head that is not well-formed is left to the parser, so that what follows it does not become the answer', () => {
  for (const odd of [
    'HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 100 Continue\n\nX: a\r\n\r\n',
    'HTTP/1.1 103 x\r\nX : a\r\n\r\n',
  ])
    expect(seen([odd + final])).toBe(odd + final)
})

test('an answer that does not begin as HTTP/1.0 or 1.1 is called foreign until the next request', () => {
  const foreign = (bytes: string) => {
    const filter = new InterimFilter()
    seen([bytes], filter)
    return filter.isForeign
  }
  expect(['HTTP/2.0 200 OK\r\n', 'HTTP/0.9 200 OK\r\n', '\r\nHTTP/2.0 200 OK\r\n', 'ICY 200 OK\r\n'].map(foreign)).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect([final, `\r\n${final}`, continued + final, final.replace('1.1', '1.0')].map(foreign)).toEqual([false, false, false, false])
  const filter = new InterimFilter()
  seen(['HTTP/2.0 200 OK\r\n'], filter)
  filter.expectHead()
  expect(filter.isForeign).toBe(false)
})

test('a flood of them, or one whose head never ends, is left to the parser', () => {
  expect(seen([continued.repeat(17) + final])).toBe(continued + final)
  const endless = `HTTP/1.1 100 Continue\r\nX: ${'a'.repeat(20_000)}`
  expect(seen([endless])).toBe(endless)
})

test('bytes that nobody asked for, and the bytes of a body, are not looked at', () => {
  const filter = new InterimFilter()
  expect(filter.pass(Buffer.from(continued)).toString()).toBe(continued)
  filter.expectHead()
  filter.pass(Buffer.from(final))
  expect(filter.pass(Buffer.from(continued)).toString()).toBe(continued)
})
