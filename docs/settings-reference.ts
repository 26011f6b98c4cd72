/** The part of a JSON Schema that a reader of the settings needs. */
interface Node {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly additionalProperties?: boolean | Node
}

/** The settings as Markdown: a table for each section, a row for each setting. */
export function settingsReference(schema: object): string {
  const root = schema as Node
  const sections = Object.entries(root.properties ?? {}).filter(([, node]) => node.properties !== undefined)
  const alone = Object.entries(root.properties ?? {}).filter(([, node]) => node.properties === undefined)
  return [
    '## Of the whole',
    table(alone.flatMap(([name, node]) => rowsOf(name, node, root.required?.includes(name) ?? false))),
    ...sections.flatMap(([name, node]) => [`## ${name}`, node.description ?? '', table(rowsUnder(name, node))]),
  ].join('\n\n')
}

type Row = readonly [name: string, value: string, usual: string, meaning: string]

function table(rows: readonly Row[]): string {
  const lines = [['setting', 'value', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function rowsUnder(path: string, node: Node): readonly Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, inner]) =>
    rowsOf(`${path}.${name}`, inner, node.required?.includes(name) ?? false),
  )
}

/** A setting's row, and those of what is inside it. The entries of a list are `[]`, those of a map `*`. */
function rowsOf(path: string, node: Node, required: boolean): readonly Row[] {
  const inner = [
    ...rowsUnder(path, node),
    ...alternatives(node.items).flatMap((item) => rowsUnder(`${path}[]`, item)),
    ...(typeof node.additionalProperties === 'object' ? rowsUnder(`${path}.*`, node.additionalProperties) : []),
  ]
  const usual = required ? '(must be set)' : node.default === undefined ? '' : code(JSON.stringify(node.default))
  const own: Row = [code(path), cell(valueText(node)), cell(usual), cell(node.description ?? '')]
  return unique([...(node.properties === undefined || node.description !== undefined ? [own] : []), ...inner])
}

/** Alternatives of a list's entries share settings; each is named once. */
function unique(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [row[0], row])).values()]
}

function alternatives(node: Node | undefined): readonly Node[] {
  return node === undefined ? [] : (node.anyOf ?? [node])
}

function valueText(node: Node): string {
  if (node.const !== undefined) return code(JSON.stringify(node.const))
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(', ')
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(valueText))].join(' or ')
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : valueText(node.items)}`
  if (node.type === 'object')
    return typeof node.additionalProperties === 'object' ? `map to ${valueText(node.additionalProperties)}` : 'section'
  if (node.type === 'integer' || node.type === 'number') return [node.type, boundsText(node)].filter((text) => text !== '').join(', ')
  return node.type ?? 'any'
}

function boundsText({ minimum, exclusiveMinimum, maximum }: Node): string {
  const from = minimum !== undefined ? `from ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : ''
  const to = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `to ${maximum}` : ''
  return `${from} ${to}`.trim()
}

function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
