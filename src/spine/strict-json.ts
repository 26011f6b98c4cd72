/** Why a text is not one strict JSON value. */
export interface JsonFault {
  readonly fault: string
}

/** A JSON value that has one meaning. */
export interface StrictJson {
  readonly value: unknown
}

/**
 * Reads JSON that every parser reads alike: no member twice in an object (RFC 8259, 4, leaves their meaning open),
 * at most `maxDepth` levels. Time is linear in the length.
 */
export function parseStrictJson(text: string, maxDepth: number): StrictJson | JsonFault {
  const shape = shapeFault(text, maxDepth)
  if (shape !== undefined) return { fault: shape }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'it is not JSON' }
  }
}

/**
 * Walks the tokens that nest and the strings. It judges depth and duplicate names only: whatever else is wrong, JSON.parse finds
 * afterwards, on a text whose depth is known to be harmless.
 */
function shapeFault(text: string, maxDepth: number): string | undefined {
  const names: (Set<string> | undefined)[] = []
  let expectsName = false
  // Without a backslash anywhere, a string ends at the next quote.
  const escapes = text.includes('\\')
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x7b: // {
        names.push(new Set())
        expectsName = true
        break
      case 0x5b: // [
        names.push(undefined)
        expectsName = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        names.pop()
        expectsName = false
        break
      case 0x2c: // ,
        expectsName = names.at(-1) !== undefined
        break
      case 0x22: {
        const end = endOfString(text, i, escapes)
        if (end < 0) return 'a string does not end'
        const seen = names.at(-1)
        if (expectsName && seen !== undefined) {
          const name = unescapedName(text.slice(i, end + 1))
          if (name === undefined) return 'a member name is not a string'
          if (seen.has(name)) return 'a member stands twice in an object'
          seen.add(name)
          expectsName = false
        }
        i = end
        break
      }
    }
    if (names.length > maxDepth) return `it is nested deeper than ${maxDepth} levels`
  }
  return undefined
}

/** The offset of the quote that ends the string that begins at `start`, or -1. */
function endOfString(text: string, start: number, escapes: boolean): number {
  if (!escapes) return text.indexOf('"', start + 1)
  for (let i = start + 1; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === 0x22) return i
    if (character === 0x5c) i++
  }
  return -1
}

/** Two spellings of one name ("a" and "\u0061") are one name. */
function unescapedName(quoted: string): string | undefined {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}
