import { readFile } from 'node:fs/promises'
import { jsonSchema, loadConfig } from '../../src/app/load-config.ts'

const folder = new URL('../../config/', import.meta.url)

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly additionalProperties?: boolean | Schema
}

/** The name of every setting in a schema, at any depth. */
function namesIn(schema: Schema): readonly string[] {
  const inner = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), schema.additionalProperties]
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) => [name, ...namesIn(part)]),
    ...inner.flatMap((part) => (typeof part === 'object' ? namesIn(part) : [])),
  ]
}

describe('the folder config', () => {
  test('holds the JSON Schema that the code gives (ssp config-schema > config/config.schema.json)', async () => {
    expect(JSON.parse(await readFile(new URL('config.schema.json', folder), 'utf8'))).toEqual(jsonSchema())
  })

  test.each(['dev.yaml', 'production.example.yaml'])('holds a valid %s that tells editors its schema', async (name) => {
    const file = new URL(name, folder)
    await expect(loadConfig(file.pathname, {})).resolves.toHaveProperty('version')
    expect((await readFile(file, 'utf8')).split('\n', 1)[0]).toBe('# yaml-language-server: $schema=./config.schema.json')
  })

  test('explains every setting in production.example.yaml', async () => {
    const text = await readFile(new URL('production.example.yaml', folder), 'utf8')
    const unnamed = namesIn(jsonSchema() as Schema).filter((name) => !new RegExp(`^[ #-]*(?:.*[{ ])?${name}:`, 'm').test(text))
    expect(unnamed).toEqual([])
  })
})
