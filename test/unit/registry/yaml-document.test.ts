import fc from 'fast-check'
import { UnreadableFile } from '../../../src/registry/unreadable-file.ts'
import { parseYaml, plainYaml } from '../../../src/registry/yaml-document.ts'

function refusal(text: string): UnreadableFile {
  try {
    parseYaml(text, 'a.yaml')
  } catch (error) {
    if (error instanceof UnreadableFile) return error
    throw error
  }
  throw new Error('it was read')
}

describe('a YAML file', () => {
  test('is maps, lists and text: numbers, dates and booleans stay as they are written', () => {
    const value = parseYaml('a: [000428682512, 1e3, true, 2026-01-01, ~]\nb:\n  c: "x"\n', 'a.yaml')
    expect(plainYaml(value)).toEqual(
      new Map<string, unknown>([
        ['a', ['000428682512', '1e3', 'true', '2026-01-01', '~']],
        ['b', new Map([['c', 'x']])],
      ]),
    )
  })

  test('knows the line of every value', () => {
    const value = parseYaml('# comment\nsystems:\n  - asid: 1\n  - asid: 2\n', 'a.yaml')
    expect(value).toMatchObject({ line: 2 })
    expect(value.kind === 'map' && value.entries.get('systems')).toMatchObject({ items: [{ line: 3 }, { line: 4 }] })
  })

  test.each([
    ['a: 1\nb: 2\na: 3', 'a.yaml:3', 'twice'],
    ['a: &x 1\nb: *x', 'a.yaml:1', 'anchors'],
    ['to: *', 'a.yaml:1', 'not valid YAML'],
    ['a: !!binary aGk=', 'a.yaml:1', ''],
    ['a: [1, 2', 'a.yaml:1', 'not valid YAML'],
    ['a: 1\n---\nb: 2', 'a.yaml:2', 'not valid YAML'],
    ['a:\n\t- x', 'a.yaml:2', 'not valid YAML'],
    ['? [a]\n: b', 'a.yaml:1', 'plain text'],
    [`a: ${'['.repeat(20)}${']'.repeat(20)}`, 'a.yaml:1', 'nested'],
  ])('with %j is refused with its line', (text, place, message) => {
    expect(refusal(text)).toMatchObject({ place, message: expect.stringContaining(message) })
  })

  test('that would grow a billionfold is refused', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${Array(9).fill(`*l${n}`).join(',')}]`)
    expect(refusal(['l0: &l0 lol', ...levels].join('\n')).message).toContain('aliases')
  })

  test('of nothing but opening brackets is refused', () => {
    expect(refusal('['.repeat(100_000))).toBeInstanceOf(UnreadableFile)
  })

  test('can hold anything without an error of another kind', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '[',
      ']',
      '{',
      '}',
      '&x',
      '*x',
      '!!t',
      '"',
      "'",
      '|',
      '>',
      '#',
      '---',
      '? ',
      ',',
      '\t',
      '%',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            plainYaml(parseYaml(text, 'a.yaml'))
          } catch (error) {
            expect(error).toBeInstanceOf(UnreadableFile)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
