import { z } from 'zod'

/** What a JSON Schema says that matters here. */
interface SchemaNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaNode>>
  readonly secret?: boolean
}

/** The shape of the settings, to be asked by path. Where a setting has alternatives, every one of them counts. */
export interface SettingsSchema {
  /** The names of the settings directly under a path. */
  namesAt(path: readonly PropertyKey[]): readonly string[]
  /** Whether a path leads to a setting. */
  has(path: readonly PropertyKey[]): boolean
  /** Whether text, and nothing else, may stand there. */
  isText(path: readonly PropertyKey[]): boolean
  /** Whether the setting, or one that it is part of, is marked `.meta({ secret: true })`. */
  isSecret(path: readonly PropertyKey[]): boolean
}

/**
 * The JSON Schema (draft 2020-12) of what may be written into a settings file. It is the same on every machine:
 * a default that the machine decides, marked `.meta({ machineDefault: true })`, is left out.
 */
export function jsonSchemaOf(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline', override: leaveOutMachineDefault })
}

function leaveOutMachineDefault({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['machineDefault'] !== true) return
  delete jsonSchema['machineDefault']
  delete jsonSchema['default']
}

/** Makes the shape of a zod schema askable. */
export function settingsSchema(schema: z.ZodType): SettingsSchema {
  const root = jsonSchemaOf(schema) as SchemaNode
  const alternatives = (node: SchemaNode): readonly SchemaNode[] => {
    const target = node.$ref === undefined ? [] : alternatives(referenced(root, node.$ref))
    return [node, ...target, ...[node.anyOf, node.oneOf, node.allOf].flatMap((list) => (list ?? []).flatMap(alternatives))]
  }
  const under = (nodes: readonly SchemaNode[], step: PropertyKey): readonly SchemaNode[] =>
    nodes.flatMap((node) => memberOf(node, step)).flatMap(alternatives)
  const at = (path: readonly PropertyKey[]): readonly SchemaNode[] => path.reduce(under, alternatives(root))
  return {
    namesAt: (path) => [...new Set(at(path).flatMap((node) => Object.keys(node.properties ?? {})))],
    has: (path) => at(path).length > 0,
    isText: (path) => {
      const types = at(path).flatMap((node) => node.type ?? [])
      return types.length > 0 && types.every((type) => type === 'string')
    },
    isSecret: (path) => path.some((_, index) => at(path.slice(0, index + 1)).some((node) => node.secret === true)),
  }
}

function memberOf(node: SchemaNode, step: PropertyKey): readonly SchemaNode[] {
  if (typeof step === 'number') return node.items === undefined ? [] : [node.items]
  const name = String(step)
  if (node.properties !== undefined && Object.hasOwn(node.properties, name)) return [node.properties[name] as SchemaNode]
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []
}

function referenced(root: SchemaNode, pointer: string): SchemaNode {
  const name = pointer.replace(/^#\/\$defs\//, '')
  return pointer === '#' ? root : (root.$defs?.[name] ?? {})
}
