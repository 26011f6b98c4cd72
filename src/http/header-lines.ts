/** Header lines as they came. */
export interface HeaderLines {
  /** Name, value, name, value …, byte for byte (latin1), without the white space around values. */
  readonly raw: readonly string[]
  /** The names once more, lower-cased: of the pair at `2 * i` the i-th. */
  readonly names: readonly string[]
}

/** No lines. */
export const noLines: HeaderLines = { raw: [], names: [] }

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const forbidden = /[\0-\x08\x0a-\x1f\x7f]/
/** Names that were seen, with their lower case: nearly every header of every message has one of a few dozen. */
const seen = new Map<string, string>()
const mostSeen = 1_000
const longestSeen = 64

/** The name in lower case, or undefined where it is no token (RFC 9110, 5.6.2). */
export function lowerCasedName(name: string): string | undefined {
  const known = seen.get(name)
  if (known !== undefined) return known
  if (!token.test(name)) return undefined
  const lower = name.toLowerCase()
  if (seen.size < mostSeen && name.length <= longestSeen) seen.set(copyOf(name), copyOf(lower))
  return lower
}

/** A string of its own: a part of a longer one would keep the whole. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/**
 * Reads the header lines of a head from `from` to its end, strictly (RFC 9112, 5): each is a token, a colon at once, and a value without control characters but tabs;
 * no line continues another. `text` is latin1, its lines end in CRLF, the last without. Undefined where one is anything else.
 */
export function readHeaderLines(text: string, from: number): HeaderLines | undefined {
  if (from >= text.length) return noLines
  const raw: string[] = []
  const names: string[] = []
  for (let at = from; at <= text.length; ) {
    const found = text.indexOf('\r\n', at)
    const end = found < 0 ? text.length : found
    const colon = text.indexOf(':', at)
    if (colon < 0 || colon > end) return undefined
    const written = text.slice(at, colon)
    const name = lowerCasedName(written)
    if (name === undefined) return undefined
    const value = text.slice(afterSpace(text, colon + 1, end), beforeSpace(text, colon + 1, end))
    if (forbidden.test(value)) return undefined
    raw.push(written, value)
    names.push(name)
    at = end + 2
  }
  return { raw, names }
}

const space = 0x20
const tab = 0x09

function afterSpace(text: string, from: number, end: number): number {
  let at = from
  while (at < end && (text.charCodeAt(at) === space || text.charCodeAt(at) === tab)) at++
  return at
}

function beforeSpace(text: string, from: number, end: number): number {
  let at = end
  while (at > from && (text.charCodeAt(at - 1) === space || text.charCodeAt(at - 1) === tab)) at--
  return at
}
