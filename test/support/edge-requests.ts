import fc from 'fast-check'
import { tokenFor } from './consumer.ts'
import {
  behinds,
  bodyTexts,
  connectionLines,
  framingLines,
  lineEnds,
  methods,
  otherLines,
  targetTokens,
  versions,
  wholeTargets,
} from './edge-dictionary.ts'
import { world } from './start-world.ts'

/** One change to a request that was valid before. Offsets are taken modulo what is there. */
type Change =
  | { readonly change: 'add-line' | 'method' | 'version' | 'target'; readonly at: number; readonly text: string }
  | {
      readonly change: 'insert-in-target' | 'insert-in-value' | 'insert-in-name' | 'end-line' | 'body-piece'
      readonly at: number
      readonly to: number
      readonly text: string
    }
  | { readonly change: 'drop-line'; readonly at: number }
  | { readonly change: 'repeat-line'; readonly at: number; readonly to: number }
  | { readonly change: 'recase-line'; readonly at: number; readonly upper: boolean }
  | { readonly change: 'encode-target'; readonly times: number }
  | { readonly change: 'start-line'; readonly text: string }

type BodyKind = 'none' | 'length' | 'chunked'

/** Bytes near the edge of what is a request: a valid one, changed in up to four places, and perhaps something behind it. */
export interface EdgeRequest {
  readonly method: string
  readonly body: BodyKind
  readonly changes: readonly Change[]
  /** What follows at once on the same connection. */
  readonly behind: 'nothing' | 'another' | 'another-with-body' | string
  /** Where the bytes are cut into two writes: so far from the start, or, where negative, from the end; 0 for one write. */
  readonly cut: number
}

const at = fc.nat(40)
const text = (list: readonly string[]) => fc.constantFrom(...list)
const anyBytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 6 }).map((codes) => String.fromCharCode(...codes))
const edgeBytes = fc
  .array(fc.constantFrom(...'\t \x00\r\n\x7f\x80\x85\xa0\xff,;:="\\\'()a0'), { maxLength: 5 })
  .map((parts) => parts.join(''))

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: text(framingLines) }) },
  { weight: 3, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: text(connectionLines) }) },
  { weight: 6, arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: text(otherLines) }) },
  {
    weight: 2,
    arbitrary: fc.record({ change: fc.constant('add-line' as const), at, text: edgeBytes.map((value) => `X-Custom: ${value}`) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      change: fc.constant('insert-in-target' as const),
      at: fc.nat(120),
      to: fc.nat(2),
      text: fc.oneof(text(targetTokens), anyBytes),
    }),
  },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('target' as const), at, text: text(wholeTargets) }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('encode-target' as const), times: fc.integer({ min: 1, max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ change: fc.constant('insert-in-value' as const), at, to: fc.nat(20), text: fc.oneof(edgeBytes, anyBytes) }),
  },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('insert-in-name' as const), at, to: fc.nat(12), text: edgeBytes }) },
  { weight: 2, arbitrary: fc.record({ change: fc.constant('end-line' as const), at, to: at, text: text(lineEnds) }) },
  { weight: 5, arbitrary: fc.record({ change: fc.constant('body-piece' as const), at, to: fc.nat(2), text: text(bodyTexts) }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('method' as const), at, text: text(methods) }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('version' as const), at, text: text(versions) }) },
  {
    weight: 1,
    arbitrary: fc.record({ change: fc.constant('start-line' as const), text: fc.constantFrom('  ', '\t', '\x0b', ' \t', '\r\n', '\r') }),
  },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('drop-line' as const), at }) },
  { weight: 1, arbitrary: fc.record({ change: fc.constant('repeat-line' as const), at, to: at }) },
  { weight: 2, arbitrary: fc.record({ change: fc.constant('recase-line' as const), at, upper: fc.boolean() }) },
)

/** Generates them; shrinks towards an unchanged GET. */
export const edgeRequest: fc.Arbitrary<EdgeRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH'),
  body: fc.constantFrom<BodyKind>('none', 'length', 'chunked', 'length', 'chunked'),
  changes: fc.array(change, { maxLength: 4 }),
  behind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('nothing') },
    { weight: 2, arbitrary: fc.constantFrom('another', 'another-with-body') },
    { weight: 1, arbitrary: text(behinds) },
  ),
  cut: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat(1_500) },
    { weight: 2, arbitrary: fc.nat(70).map((back) => -back) },
  ),
})

interface Line {
  text: string
  end: string
}

interface Draft {
  method: string
  target: string
  version: string
  gap: string
  readonly lines: Line[]
  readonly body: string[]
}

const content = '{"resourceType":"Parameters"}'

/** The bytes of a case. `trace` is the trace id of its n-th request. */
export function bytesOf({ method, body, changes, behind }: EdgeRequest, trace: (nth: number) => string): Buffer {
  const draft = validRequest(method, body, trace(0))
  for (const one of changes) apply(draft, one)
  const head = `${draft.method}${draft.gap}${draft.target}${draft.gap}${draft.version}`
  const lines = [{ text: head, end: '\r\n' }, ...draft.lines].map((line) => line.text + line.end).join('')
  return Buffer.from(`${lines}\r\n${draft.body.join('')}${followed(behind, trace)}`, 'latin1')
}

/** An honest request, for behind another. */
export function honestBytes(method: string, body: BodyKind, trace: string, ...extra: readonly string[]): Buffer {
  const { target, lines, body: pieces } = validRequest(method, body, trace)
  return Buffer.from(
    [`${method} ${target} HTTP/1.1`, ...lines.map((line) => line.text), ...extra, '', pieces.join('')].join('\r\n'),
    'latin1',
  )
}

function followed(behind: EdgeRequest['behind'], trace: (nth: number) => string): string {
  switch (behind) {
    case 'nothing':
      return ''
    case 'another':
      return honestBytes('GET', 'none', trace(1)).toString('latin1')
    case 'another-with-body':
      return honestBytes('POST', 'chunked', trace(1)).toString('latin1')
    default:
      return behind
  }
}

function validRequest(method: string, body: BodyKind, trace: string): Draft {
  const lines = [
    'Host: localhost',
    `Ssp-TraceID: ${trace}`,
    `Ssp-From: ${world.consumer.asid}`,
    `Ssp-To: ${world.provider.asid}`,
    `Ssp-InteractionID: ${world.unknownForm}`,
    `Authorization: Bearer ${tokenFor(world.unknownForm)}`,
    'Accept: application/fhir+json',
    'X-Custom: plain',
  ]
  if (body !== 'none') lines.push('Content-Type: application/fhir+json')
  if (body === 'length') lines.push(`Content-Length: ${content.length}`)
  if (body === 'chunked') lines.push('Transfer-Encoding: chunked')
  const [first, second] = [content.slice(0, 5), content.slice(5)]
  const chunks = [first.length.toString(16), '\r\n', first, '\r\n', second.length.toString(16), '\r\n', second, '\r\n', '0', '\r\n', '\r\n']
  return {
    method,
    target: `/${world.root}/Slot/1?start=ge2026-01-01`,
    version: 'HTTP/1.1',
    gap: ' ',
    lines: lines.map((line) => ({ text: line, end: '\r\n' })),
    body: body === 'none' ? [] : body === 'length' ? [content] : chunks,
  }
}

function apply(draft: Draft, one: Change): void {
  const { lines, body } = draft
  const line = 'at' in one ? lines[one.at % Math.max(1, lines.length)] : undefined
  switch (one.change) {
    case 'add-line':
      lines.splice(one.at % (lines.length + 1), 0, { text: one.text, end: '\r\n' })
      break
    case 'drop-line':
      lines.splice(one.at % Math.max(1, lines.length), 1)
      break
    case 'repeat-line':
      if (line !== undefined) lines.splice(one.to % (lines.length + 1), 0, { ...line })
      break
    case 'recase-line':
      if (line !== undefined) line.text = line.text.replace(/^[^:]*/, (name) => (one.upper ? name.toUpperCase() : name.toLowerCase()))
      break
    case 'insert-in-value':
      if (line !== undefined) line.text = inserted(line.text, line.text.indexOf(':') + 1 + one.to, one.text)
      break
    case 'insert-in-name':
      if (line !== undefined) line.text = inserted(line.text, one.to, one.text)
      break
    case 'end-line':
      if (line !== undefined) line.end = one.text
      break
    case 'body-piece':
      if (body.length === 0) body.push(one.text)
      else if (one.to === 0) body[one.at % body.length] = one.text
      else body.splice(one.at % (body.length + 1), 0, one.text)
      break
    case 'insert-in-target':
      draft.target = inserted(draft.target, one.at, one.text)
      break
    case 'target':
      draft.target = one.text
      break
    case 'encode-target':
      for (let i = 0; i < one.times; i++) draft.target = `/${encodeURIComponent(draft.target.slice(1))}`
      break
    case 'method':
      draft.method = one.text
      break
    case 'version':
      draft.version = one.text
      break
    case 'start-line':
      draft.gap = one.text
      break
  }
}

function inserted(into: string, where: number, what: string): string {
  const offset = where % (into.length + 1)
  return into.slice(0, offset) + what + into.slice(offset)
}
