import { z } from 'zod'
import { hideSecrets } from '../../../src/app/hide-secrets.ts'
import { jsonSchemaOf, settingsSchema } from '../../../src/app/settings-schema.ts'

const schema = z.strictObject({
  store: z.union([
    z.strictObject({ file: z.string() }),
    z.strictObject({ url: z.string(), password: z.string().meta({ secret: true }).optional() }),
  ]),
  keys: z.array(z.strictObject({ id: z.string(), value: z.string().meta({ secret: true }) })).default([]),
  tokens: z.record(z.string(), z.string()).meta({ secret: true }).default({}),
  count: z.string().default('5').transform(Number),
})
const shape = settingsSchema(schema)

describe('the shape of the settings', () => {
  test('knows the names under a path, those of every alternative', () => {
    expect(shape.namesAt([])).toEqual(['store', 'keys', 'tokens', 'count'])
    expect(shape.namesAt(['store'])).toEqual(['file', 'url', 'password'])
    expect(shape.namesAt(['keys', 0])).toEqual(['id', 'value'])
    expect(shape.namesAt(['nowhere'])).toEqual([])
    expect(shape.namesAt(['constructor'])).toEqual([])
  })

  test('knows what is text and what is secret', () => {
    expect(shape.isText(['store', 'url'])).toBe(true)
    expect(shape.isText(['keys'])).toBe(false)
    expect(shape.isSecret(['store', 'password'])).toBe(true)
    expect(shape.isSecret(['store', 'url'])).toBe(false)
    expect(shape.isSecret(['keys', 3, 'value'])).toBe(true)
    expect(shape.isSecret(['tokens', 'any'])).toBe(true)
  })

  test('is a JSON Schema of draft 2020-12 for what is written, not for what it becomes', () => {
    expect(jsonSchemaOf(schema)).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      properties: { count: { type: 'string' } },
      required: ['store'],
    })
  })
})

test('secrets are hidden wherever they stand, and nothing else is', () => {
  const settings = { store: { url: 'u', password: 'p' }, keys: [{ id: 'i', value: 'v' }], tokens: { a: 'b' }, count: 5 }
  expect(hideSecrets(settings, shape)).toEqual({
    store: { url: 'u', password: '(hidden)' },
    keys: [{ id: 'i', value: '(hidden)' }],
    tokens: '(hidden)',
    count: 5,
  })
})
