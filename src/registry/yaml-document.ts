import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml'
import { UnreadableFile } from './unreadable-file.ts'

/** A value of a YAML file with the line it stands on. Every scalar is text as written, so an ASID keeps its leading zeros. */
export type YamlValue =
  | { readonly kind: 'text'; readonly line: number; readonly text: string }
  | { readonly kind: 'list'; readonly line: number; readonly items: readonly YamlValue[] }
  | { readonly kind: 'map'; readonly line: number; readonly entries: ReadonlyMap<string, YamlValue> }

const depthLimit = 8

/**
 * Reads one YAML document of maps, lists and text. Throws `UnreadableFile` with the line for anything else: bad syntax, a key
 * that stands twice, an anchor, alias or tag (so nothing can grow), nesting beyond 8 levels.
 */
export function parseYaml(text: string, file: string): YamlValue {
  const lines = new LineCounter()
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const refuse = (line: number, message: string): never => {
    throw new UnreadableFile(`${file}:${line}`, message)
  }

  function read(node: ParsedNode | null, near: number, depth: number): YamlValue {
    if (node === null) return { kind: 'text', line: near, text: '' }
    const line = lineOf(node.range[0])
    if (depth > depthLimit) refuse(line, `nested more than ${depthLimit} levels deep`)
    if (isAlias(node) || node.anchor !== undefined)
      refuse(line, "anchors (&) and aliases (*) are not accepted: write the value out, and put a plain asterisk in quotes: '*'")
    if (node.tag !== undefined) refuse(line, `the tag ${node.tag} is not accepted`)
    if (isMap<ParsedNode, ParsedNode | null>(node)) return { kind: 'map', line, entries: members(node.items, line, depth) }
    if (isSeq<ParsedNode>(node)) return { kind: 'list', line, items: node.items.map((item) => read(item, line, depth + 1)) }
    return { kind: 'text', line, text: isScalar(node) ? String(node.value ?? '') : '' }
  }

  function members(pairs: readonly { key: ParsedNode; value: ParsedNode | null }[], near: number, depth: number): Map<string, YamlValue> {
    const entries = new Map<string, YamlValue>()
    for (const pair of pairs) {
      const key = read(pair.key, near, depth + 1)
      if (key.kind !== 'text') return refuse(key.line, 'a key must be plain text')
      if (entries.has(key.text)) refuse(key.line, `the key "${key.text.slice(0, 64)}" stands here twice: keep one of them`)
      entries.set(key.text, read(pair.value, key.line, depth + 1))
    }
    return entries
  }

  try {
    // The library's own search for duplicate keys compares every key with every other; `members` does it in one pass.
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, merge: false, lineCounter: lines })
    const fault = document.errors[0] ?? document.warnings[0]
    if (fault !== undefined) refuse(lineOf(fault.pos[0]), `is not valid YAML: ${fault.message.split('\n', 1)[0] ?? ''}`)
    return read(document.contents as ParsedNode | null, 1, 0)
  } catch (error) {
    if (error instanceof UnreadableFile) throw error
    // The library recurses; a text of nothing but opening brackets ends its stack.
    throw new UnreadableFile(file, `is not valid YAML: ${error instanceof RangeError ? 'nested too deeply' : String(error)}`)
  }
}

/** The value without its lines: text, lists and maps as `string`, array and `Map`. */
export function plainYaml(value: YamlValue): unknown {
  switch (value.kind) {
    case 'text':
      return value.text
    case 'list':
      return value.items.map(plainYaml)
    case 'map':
      return new Map([...value.entries].map(([key, member]) => [key, plainYaml(member)]))
  }
}
