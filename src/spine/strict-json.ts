// One of the files that an auditor can run, and check, without the rest: it imports nothing.
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
  const members = countMembers(text, maxDepth)
  if (typeof members === 'string') return { fault: members }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: 'it is not JSON' }
  }
  // A member that stood twice was written once more than it was kept, however its name was spelled.
  return members === keptMembers(value) ? { value } : { fault: 'a member stands twice in an object' }
}

/** Counts the colons outside strings, which are the members of all objects, and refuses what nests too deep for the parser behind it. */
function countMembers(text: string, maxDepth: number): number | string {
  // Without a backslash anywhere, a string ends at the next quote.
  const escapes = text.includes('\\')
  let members = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i, escapes)
        if (end < 0) return 'a string does not end'
        i = end
        break
      }
      case 0x3a:
        members++
        break
      case 0x7b:
      case 0x5b:
        if (++depth > maxDepth) return `it is nested deeper than ${maxDepth} levels`
        break
      case 0x7d:
      case 0x5d:
        depth--
        break
    }
  }
  return members
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

/** The members of all objects in a value. Its depth is known to be bounded. */
function keptMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += keptMembers(item)
    return members
  }
  for (const name of Object.keys(value)) members += 1 + keptMembers((value as Record<string, unknown>)[name])
  return members
}
