/** Where a value was written. `line` and `column` count from 1 and are absent outside files. */
export interface Place {
  readonly source: string
  readonly line?: number
  readonly column?: number
}

/** A value as YAML knows it, every part of which remembers where it was written. `unusable` stands where a value could not be read. */
export type PlacedValue =
  | { readonly kind: 'unusable'; readonly place: Place }
  | { readonly kind: 'scalar'; readonly place: Place; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly PlacedValue[] }
  | { readonly kind: 'map'; readonly place: Place; readonly entries: ReadonlyMap<string, PlacedEntry> }

/** A key of a map, with its own place, and its value. */
export interface PlacedEntry {
  readonly keyPlace: Place
  readonly value: PlacedValue
}

/** What a path leads to: the part itself, or, where the path leaves the tree, the deepest part on its way. */
export interface Found {
  readonly reached: boolean
  readonly value: PlacedValue
  readonly place: Place
}

/** The place as people and editors read it: `file:line:column`, or the source alone. */
export function placeText({ source, line, column }: Place): string {
  return line === undefined ? source : `${source}:${line}:${column ?? 1}`
}

/** The value without its places. Keys become own properties, whatever they are called. */
export function plainValue(placed: PlacedValue): unknown {
  switch (placed.kind) {
    case 'unusable':
      return null
    case 'scalar':
      return placed.value
    case 'list':
      return placed.items.map(plainValue)
    case 'map':
      return Object.fromEntries(Array.from(placed.entries, ([key, { value }]) => [key, plainValue(value)]))
  }
}

/** Follows a path of keys and indexes. The place of a map's member is its key's, because that is what a reader looks for. */
export function findPlace(root: PlacedValue, path: readonly PropertyKey[]): Found {
  let found: Found = { reached: true, value: root, place: root.place }
  for (const step of path) {
    const next = memberAt(found.value, step)
    if (next === undefined) return { ...found, reached: false }
    found = { reached: true, ...next }
  }
  return found
}

/** The tree with `value` at `path`; maps on the way that are absent or empty are made. Unchanged where something else is in the way. */
export function withValueAt(root: PlacedValue, path: readonly string[], value: PlacedValue): PlacedValue {
  const [key, ...rest] = path
  if (key === undefined) return value
  const map = root.kind === 'scalar' && root.value === null ? emptyMap(root.place) : root
  if (map.kind !== 'map') return root
  const existing = map.entries.get(key)
  const inner = withValueAt(existing?.value ?? emptyMap(value.place), rest, value)
  const entry = { keyPlace: rest.length === 0 ? value.place : (existing?.keyPlace ?? value.place), value: inner }
  return { ...map, entries: new Map(map.entries).set(key, entry) }
}

/** A map without entries that is taken to stand at `place`. */
export function emptyMap(place: Place): PlacedValue {
  return { kind: 'map', place, entries: new Map() }
}

function memberAt(value: PlacedValue, step: PropertyKey): { value: PlacedValue; place: Place } | undefined {
  if (value.kind === 'list') {
    const item = typeof step === 'number' ? value.items[step] : undefined
    return item && { value: item, place: item.place }
  }
  if (value.kind !== 'map') return undefined
  const entry = value.entries.get(String(step))
  return entry && { value: entry.value, place: entry.keyPlace }
}
