import { DerMalformed, DerReader, type DerValue, derTag } from './der.ts'
import { oidOf } from './der-values.ts'

/** A distinguished name: its bytes, and its parts from the most general to the most special. */
export interface DistinguishedName {
  readonly der: Buffer
  readonly parts: readonly NamePart[]
}

/** One relative distinguished name: its attributes, in the order in which they stand. */
export type NamePart = readonly NameAttribute[]

/** One attribute; `text` is undefined where the value is no string that is read here. */
export interface NameAttribute {
  readonly oid: string
  readonly text: string | undefined
  readonly der: Buffer
}

/** The object identifier of the common name. */
export const commonNameOid = '2.5.4.3'

/** UTF8String, NumericString, PrintableString, IA5String; TeletexString is left out, nobody agrees on its characters. */
const textTags: ReadonlySet<number> = new Set([derTag.utf8String, 0x12, 0x13, 0x16])

/** Reads a `Name` (RFC 5280 4.1.2.4). */
export function readDistinguishedName(name: DerValue): DistinguishedName {
  if (name.tag !== derTag.sequence) throw new DerMalformed('name is no sequence')
  const parts: NamePart[] = []
  const sequence = new DerReader(name.content)
  while (!sequence.done) parts.push(readPart(sequence.enter(derTag.set)))
  return { der: name.whole, parts }
}

/** The common names, of which a well-formed device certificate has one. */
export function commonNamesOf(name: DistinguishedName): readonly (string | undefined)[] {
  return name.parts.flat().flatMap(({ oid, text }) => (oid === commonNameOid ? [text] : []))
}

/**
 * Whether `name` begins with the parts of `prefix`: it lies in that subtree (RFC 5280 4.2.1.10). Strings are compared without case and
 * with runs of white space as one (RFC 5280 7.1), everything else byte by byte.
 */
export function isWithin(name: DistinguishedName, prefix: DistinguishedName): boolean {
  return prefix.parts.every((part, index) => {
    const own = name.parts[index]
    return own !== undefined && partKey(own) === partKey(part)
  })
}

/** Whether two names are the same, compared like `isWithin`. */
export function isSameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return one.der.equals(other.der) || (one.parts.length === other.parts.length && isWithin(one, other))
}

function readPart(set: DerReader): NamePart {
  const attributes: NameAttribute[] = []
  while (!set.done) {
    const pair = set.enter()
    const oid = oidOf(pair.next())
    const value = pair.next()
    pair.end()
    attributes.push({ oid, text: textTags.has(value.tag) ? value.content.toString('utf8') : undefined, der: value.whole })
  }
  if (attributes.length === 0) throw new DerMalformed('name has an empty part')
  return attributes
}

function partKey(part: NamePart): string {
  return JSON.stringify(
    part.map(({ oid, text, der }) => [oid, text?.trim().replace(/\s+/g, ' ').toLowerCase() ?? der.toString('hex')]).sort(),
  )
}
