import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml'
import { emptyMap, type Place, type PlacedEntry, type PlacedValue } from './placed-value.ts'

/** Something wrong with a text, and where. */
export interface PlacedProblem {
  readonly place: Place
  readonly message: string
}

/** Nothing in a settings file needs more; beyond it, reading would cost the stack. */
const depthLimit = 32

/**
 * Reads one YAML 1.2 document of plain data: maps with text keys, lists, text, numbers, booleans, null. Never throws.
 * Anchors, aliases and tags are refused, so one value stands in one place and nothing can grow. An empty text is an empty map.
 * `positions` is false for texts that are not files: every place is then the source's alone.
 */
export function readYaml(
  text: string,
  source: string,
  positions = true,
): { readonly value: PlacedValue; readonly problems: PlacedProblem[] } {
  const lineCounter = new LineCounter()
  const placeAt = (offset: number): Place => {
    if (!positions) return { source }
    const { line, col } = lineCounter.linePos(offset)
    return { source, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: PlacedProblem[] = []
  const report = (place: Place, message: string): PlacedValue => {
    problems.push({ place, message })
    return { kind: 'unusable', place }
  }
  // The library compares every key of a map with every other; `members` below finds duplicates in one pass.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, lineCounter, merge: false })
  for (const fault of [...document.errors, ...document.warnings]) report(placeAt(fault.pos[0]), yamlFault(fault))
  if (problems.length > 0) return { value: { kind: 'unusable', place: { source } }, problems }

  function read(node: ParsedNode | null, at: Place, depth: number): PlacedValue {
    if (node === null) return { kind: 'scalar', place: at, value: null }
    const place = placeAt(node.range[0])
    if (depth > depthLimit) return report(place, `nested more than ${depthLimit} levels deep`)
    if (isAlias(node) || node.anchor !== undefined) return report(place, 'anchors and aliases are not accepted: write the value out')
    if (node.tag !== undefined) return report(place, `the tag ${node.tag} is not accepted: write plain YAML`)
    if (isMap<ParsedNode, ParsedNode | null>(node)) return { kind: 'map', place, entries: members(node.items, place, depth) }
    if (isSeq<ParsedNode>(node)) return { kind: 'list', place, items: node.items.map((item) => read(item, place, depth + 1)) }
    if (!isScalar(node)) return report(place, 'not a value of a settings file')
    return { kind: 'scalar', place, value: node.value as string | number | boolean | null }
  }

  function members(pairs: readonly { key: ParsedNode; value: ParsedNode | null }[], at: Place, depth: number): Map<string, PlacedEntry> {
    const entries = new Map<string, PlacedEntry>()
    for (const pair of pairs) {
      const keyPlace = pair.key?.range ? placeAt(pair.key.range[0]) : at
      const key = keyText(pair.key)
      if (key === undefined) report(keyPlace, 'a key must be plain text')
      else if (key === '__proto__') report(keyPlace, 'a key may not be called __proto__')
      else if (entries.has(key)) report(keyPlace, `"${shown(key)}" stands here twice: keep one of them`)
      else entries.set(key, { keyPlace, value: read(pair.value, keyPlace, depth + 1) })
    }
    return entries
  }

  const contents = document.contents as ParsedNode | null
  const empty = contents === null || (isScalar(contents) && contents.value === null && contents.source === '')
  return { value: empty ? emptyMap(placeAt(0)) : read(contents, placeAt(0), 0), problems }
}

/** A key as it may stand in a message: at most 64 characters, controls made visible. */
export function shown(key: string): string {
  const short = key.length > 64 ? `${key.slice(0, 64)}…` : key
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function keyText(key: ParsedNode | null): string | undefined {
  if (!isScalar(key) || key.anchor !== undefined || key.tag !== undefined) return undefined
  if (typeof key.value === 'string') return key.value
  return typeof key.value === 'number' || typeof key.value === 'boolean' ? (key.source ?? String(key.value)) : undefined
}

function yamlFault(fault: { readonly code: string; readonly message: string }): string {
  if (/call stack/i.test(fault.message)) return 'nested too deeply'
  if (fault.code === 'MULTIPLE_DOCS') return 'holds several YAML documents: keep one'
  const firstLine = fault.message.split('\n', 1)[0] ?? ''
  return `not valid YAML: ${shown(firstLine.slice(0, 1).toLowerCase() + firstLine.slice(1)).replace(/:$/, '')}`
}
