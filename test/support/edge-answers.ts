import fc from 'fast-check'
import { bodyTexts, connectionLines, framingLines, lineEnds } from './edge-dictionary.ts'

type Change =
  | { readonly change: 'status-line'; readonly text: string }
  | { readonly change: 'add-line'; readonly at: number; readonly text: string }
  | { readonly change: 'drop-line'; readonly at: number }
  | { readonly change: 'end-line' | 'body-piece'; readonly at: number; readonly to: number; readonly text: string }
  | { readonly change: 'before'; readonly text: string }

/** Bytes near the edge of what is an answer: a valid one, changed in up to three places, and perhaps something behind it. */
export interface EdgeAnswer {
  readonly method: 'GET' | 'HEAD'
  readonly status: number
  readonly body: 'length' | 'chunked' | 'none' | 'until-close'
  readonly changes: readonly Change[]
  /** What comes behind it at once, or in the same connection when the next request has come. */
  readonly behind: string
  readonly late: boolean
  /** The provider closes the connection behind it. */
  readonly closes: boolean
  /** Where the bytes are cut into two writes; 0 for one. */
  readonly cut: number
}

const statusLines = [
  ...[
    'HTTP/1.0 200 OK',
    'HTTP/1.1 200',
    'HTTP/1.1 200 ',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 200\tOK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/0.9 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1 99 Low',
    'HTTP/1.1 999 High',
  ],
  ...[
    'HTTP/1.1 600 High',
    'HTTP/1.1 1000 High',
    'HTTP/1.1 0200 OK',
    'HTTP/1.1 +200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2OO OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 101 Switching',
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 103 Hints',
  ],
  ...[
    'HTTP/1.1 200 \xe9t\xe9',
    'HTTP/1.1 200 a\tb',
    'HTTP/1.1 200 a\x00b',
    'HTTP/1.1 200 a\rb',
    'HTTP/1.1 200 a\x7fb',
    'HTTP 200 OK',
    'ICY 200 OK',
    '',
    'GARBAGE',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1 204 None',
    'HTTP/1.1 304 Same',
    'HTTP/1.1 205 Reset',
  ],
]
const lines = [
  ...[
    'Set-Cookie: a=b',
    'Alt-Svc: h2=":443"',
    'Strict-Transport-Security: max-age=0',
    'Clear-Site-Data: "*"',
    'Ssp-Verdict: origin=none, rule="x", id="0"',
    'Ssp-Receipt: x',
    'Server-Timing: db;dur=1',
    'ETag: W/"1"',
    'Location: /x',
  ],
  ...[
    'X-A: a\x00b',
    'X-A: a\rb',
    'X-A: a\nb',
    'X-A: \x7f',
    'X-A: \x80\x85\xa0\xff',
    'X-A:',
    'X-A:\t',
    'X-A: a\x0cb',
    'X-A: a\x1cb',
    'X-A: a\r\n folded',
    ' folded',
    ': v',
    'NoColon',
    'X Y: v',
    'X-A : v',
    'X\x80: v',
    'X(y): v',
    '__proto__: x',
  ],
  ...[
    'Content-Type: text/html',
    'Content-Type: application/fhir+json;charset=utf-8',
    'Content-Encoding: gzip',
    'Content_Length: 5',
    'Trailer: X',
    'Date: x',
    'Ssp_Verdict: x',
    `X-Long: ${'a'.repeat(5_000)}`,
    `X-Huge: ${'a'.repeat(70_000)}`,
  ],
]
const befores = [
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n',
    'HTTP/1.1 102 Processing\r\nX-A: b\r\n\r\n',
    'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 199 X\r\n\r\n',
  ],
  ...[
    '\r\n',
    '\n',
    '\r\n\r\n',
    '\x00',
    ' ',
    'HTTP/1.1 100 Continue\n\n',
    'HTTP/1.1 100 Continue\r\n',
    'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
  ],
]
/** Says whose it is, wherever it turns up. */
export const leaked = '{"of":"another patient"}'
const behinds = [
  ...['', '', '', '\r\n', '\x00', '0\r\n\r\n', leaked],
  ...['HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK'].map(
    (first) => `${first}\r\nContent-Length: ${leaked.length}\r\n\r\n${leaked}`,
  ),
]

const at = fc.nat(30)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ change: fc.constant('status-line' as const), text: fc.constantFrom(...statusLines) }) },
  { weight: 4, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: fc.constantFrom(...framingLines) }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: fc.constantFrom(...connectionLines) }) },
  { weight: 3, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: fc.constantFrom(...lines) }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('drop-line' as const), at }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('end-line' as const), at, to: at, text: fc.constantFrom(...lineEnds) }) },
  {
    weight: 4,
    arbitrary: fc.record({ change: fc.constant('body-piece' as const), at, to: fc.nat(2), text: fc.constantFrom(...bodyTexts) }),
  },
  { weight: 2, arbitrary: fc.record({ change: fc.constant('before' as const), text: fc.constantFrom(...befores) }) },
)

/** Generates them; shrinks towards an unchanged answer to a GET. */
export const edgeAnswer: fc.Arbitrary<EdgeAnswer> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  status: fc.constantFrom(200, 200, 200, 404, 304, 204, 500, 302),
  body: fc.constantFrom('length', 'chunked', 'none', 'until-close'),
  changes: fc.array(change, { maxLength: 3 }),
  behind: fc.constantFrom(...behinds),
  late: fc.boolean(),
  closes: fc.boolean(),
  cut: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(200) }),
})

/** The bytes of the answer alone, without what comes behind it. */
export function answerBytes({ status, body, changes }: EdgeAnswer): Buffer {
  const content = '{"resourceType":"Bundle"}'
  const [first, second] = [content.slice(0, 5), content.slice(5)]
  const draft = {
    before: '',
    lines: [`HTTP/1.1 ${status} Said`, 'Content-Type: application/fhir+json', 'X-A: plain'].map((text) => ({ text, end: '\r\n' })),
    body: body === 'none' ? [] : [content],
  }
  if (body === 'length') draft.lines.push({ text: `Content-Length: ${content.length}`, end: '\r\n' })
  if (body === 'none') draft.lines.push({ text: 'Content-Length: 0', end: '\r\n' })
  if (body === 'chunked') {
    draft.lines.push({ text: 'Transfer-Encoding: chunked', end: '\r\n' })
    draft.body = ['5', '\r\n', first, '\r\n', second.length.toString(16), '\r\n', second, '\r\n', '0', '\r\n', '\r\n']
  }
  for (const one of changes) apply(draft, one)
  return Buffer.from(`${draft.before}${draft.lines.map(({ text, end }) => text + end).join('')}\r\n${draft.body.join('')}`, 'latin1')
}

function apply(draft: { before: string; lines: { text: string; end: string }[]; body: string[] }, one: Change): void {
  const { lines: head, body } = draft
  const line = 'at' in one ? head[one.at % Math.max(1, head.length)] : head[0]
  switch (one.change) {
    case 'status-line':
      if (line !== undefined) line.text = one.text
      break
    case 'add-line':
      head.splice(1 + (one.at % Math.max(1, head.length)), 0, { text: one.text, end: '\r\n' })
      break
    case 'drop-line':
      head.splice(one.at % Math.max(1, head.length), 1)
      break
    case 'end-line':
      if (line !== undefined) line.end = one.text
      break
    case 'body-piece':
      if (body.length === 0) body.push(one.text)
      else if (one.to === 0) body[one.at % body.length] = one.text
      else body.splice(one.at % (body.length + 1), 0, one.text)
      break
    case 'before':
      draft.before += one.text
      break
  }
}
