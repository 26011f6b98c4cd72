/** An element with its `value` attribute, in document order. */
export interface XmlElement {
  readonly name: string
  readonly value: string | undefined
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const token = /<\?xml version="1\.0" encoding="UTF-8"\?>|<(\/?)([A-Za-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/y
const character = /^(?:[\t\n\r\x20-\ud7ff\ue000-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*$/

/**
 * Reads the XML that FHIR error bodies are made of: elements with attributes, no text between them. Throws where it is not well-formed:
 * anything else, an element that is not closed, an unknown entity, a character that XML 1.0 does not know.
 */
export function parseXml(text: string): readonly XmlElement[] {
  if (!character.test(text)) throw new Error('a character that XML does not know')
  const found: XmlElement[] = []
  const open: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (match === null) throw new Error(`no element at ${at}: ${text.slice(at, at + 40)}`)
    const [, closes, name, attributes = '', empty] = match
    if (name === undefined) {
      if (at !== 0) throw new Error('a declaration that is not at the beginning')
    } else if (closes === '/') {
      if (open.pop() !== name || attributes !== '') throw new Error(`</${name}> closes another`)
    } else {
      if (found.length > 0 && open.length === 0) throw new Error('a second root')
      found.push({ name, value: attributeValue(attributes) })
      if (empty !== '/') open.push(name)
    }
  }
  if (open.length > 0 || found.length === 0) throw new Error(`not closed: ${open.join()}`)
  return found
}

/** Attribute values are normalised as XML demands: white space that is not written as a reference becomes a space. */
function attributeValue(attributes: string): string | undefined {
  const value = / value="([^"]*)"/.exec(attributes)?.[1]
  return value?.replace(/[\t\n\r]/g, ' ').replace(/&(#x?)?([0-9A-Za-z]*);?/g, (whole, numeric: string | undefined, name: string) => {
    if (!whole.endsWith(';')) throw new Error(`a bare ampersand: ${whole}`)
    if (numeric !== undefined) return String.fromCodePoint(Number.parseInt(name, numeric === '#x' ? 16 : 10))
    const meant = entities[name]
    if (meant === undefined) throw new Error(`an unknown entity: ${whole}`)
    return meant
  })
}
