import { mostSubjects, nhsNumberOf } from './nhs-number.ts'

/** Deeper than any `Parameters` are. */
const deepest = 32
/** Longer strings are neither a system nor a number. */
const longestText = 256

interface Frame {
  system?: string
  value?: string
}

/**
 * The NHS numbers in the beginning of a FHIR body, JSON or XML, each once: the values of identifiers of an NHS number's system. Whatever the
 * text is, it is gone over once, and what is cut off or malformed ends the search without an error.
 */
export function nhsNumbersInBody(text: string): readonly string[] {
  const found = new Set<string>()
  const take = ({ system, value }: Frame): void => {
    const number = system === undefined || value === undefined ? undefined : nhsNumberOf(system, value)
    if (number !== undefined && found.size < mostSubjects) found.add(number)
  }
  const start = text.search(/[^\s\ufeff]/)
  if (text[start] === '{') readJson(text, start, take)
  else if (text[start] === '<') readXml(text, start, take)
  return [...found]
}

/** Goes through the strings and braces of JSON, and tells each object's own `system` and `value`. */
function readJson(text: string, start: number, take: (frame: Frame) => void): void {
  const open: Frame[] = []
  let name: string | undefined
  let last: string | undefined
  for (let at = start; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at + 1)
        if (end < 0) return
        last = end - at > longestText ? undefined : unescaped(text.slice(at, end + 1))
        const frame = open.at(-1)
        if (frame !== undefined && (name === 'system' || name === 'value') && last !== undefined) frame[name] = last
        name = undefined
        at = end
        break
      }
      case 0x3a:
        name = last
        break
      case 0x2c:
        name = undefined
        break
      case 0x7b:
      case 0x5b:
        if (open.length === deepest) return
        open.push({})
        name = undefined
        break
      case 0x7d:
      case 0x5d: {
        const frame = open.pop()
        if (frame === undefined) return
        take(frame)
        name = undefined
        break
      }
    }
  }
}

/** Where the string that begins here ends: at the first quote with no odd run of backslashes before it; -1 where the text ends first. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x5c) at += 1
    else if (code === 0x22) return at
  }
  return -1
}

function unescaped(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}

/** Goes through the tags of XML, and tells for each element the `value` of its children `system` and `value`. */
function readXml(text: string, start: number, take: (frame: Frame) => void): void {
  const open: Frame[] = []
  for (let at = text.indexOf('<', start); at >= 0; at = text.indexOf('<', at)) {
    const skipped = endOfSection(text, at)
    if (skipped !== undefined) {
      if (skipped < 0) return
      at = skipped
      continue
    }
    const end = endOfTag(text, at + 1)
    if (end < 0) return
    if (text[at + 1] === '/') {
      const frame = open.pop()
      if (frame === undefined) return
      take(frame)
    } else {
      const tag = end - at > 2 * longestText ? '' : text.slice(at + 1, end)
      const name = /^(?:[\w.-]+:)?(system|value)(?=[\s/])/.exec(tag)?.[1] as keyof Frame | undefined
      const parent = open.at(-1)
      if (name !== undefined && parent !== undefined) {
        const value = /\svalue\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(tag)
        if (value !== null) parent[name] = withoutEntities(value[1] ?? value[2] ?? '')
      }
      if (text[end - 1] !== '/') {
        if (open.length === deepest) return
        open.push({})
      }
    }
    at = end
  }
}

/** Where a comment, CDATA section, instruction or declaration ends; undefined where none begins here, -1 where it does not end. */
function endOfSection(text: string, at: number): number | undefined {
  const after = (mark: string): number => {
    const found = text.indexOf(mark, at)
    return found < 0 ? -1 : found + mark.length
  }
  if (text.startsWith('<!--', at)) return after('-->')
  if (text.startsWith('<![CDATA[', at)) return after(']]>')
  if (text[at + 1] === '?') return after('?>')
  // Entities could be declared here: what they would stand for is not read.
  return text[at + 1] === '!' ? -1 : undefined
}

/** Where the tag that begins here ends: at the first `>` outside quotes. */
function endOfTag(text: string, from: number): number {
  let quote = 0
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (quote !== 0) {
      if (code === quote) quote = 0
    } else if (code === 0x22 || code === 0x27) quote = code
    else if (code === 0x3e) return at
  }
  return -1
}

function withoutEntities(value: string): string {
  return value
    .slice(0, longestText)
    .replaceAll(/&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));/g, (whole, hex: string | undefined, decimal: string | undefined) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    })
    .replaceAll('&amp;', '&')
}
