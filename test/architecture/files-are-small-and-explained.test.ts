import { sourceFiles } from '../support/source-files.ts'

const banned = new Set([
  'utils',
  'util',
  'helper',
  'helpers',
  'manager',
  'common',
  'misc',
  'base',
  'handler',
  'processor',
  'service',
  'services',
])
const ceiling = 250
const src = sourceFiles('src')
const all = ['src', 'test', 'demo', 'certs-dev', 'docs'].flatMap(sourceFiles)

test('files and folders have names in kebab-case that say what is in them', () => {
  const parts = all.flatMap(({ path }) => path.replace(/(?:\.test)?\.ts$/, '').split('/'))
  expect(parts.filter((part) => banned.has(part))).toEqual([])
  expect(parts.filter((part) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part))).toEqual([])
})

test(`no file of src has more than ${ceiling} lines`, () => {
  expect(src.map(({ path, text }) => [path, text.split('\n').length - 1] as const).filter(([, lines]) => lines > ceiling)).toEqual([])
})

test('nothing is exported by default', () => {
  expect(src.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path)).toEqual([])
})

test('every export is explained by a sentence before it', () => {
  const unexplained = src.flatMap(({ path, text }) => {
    const lines = text.split('\n')
    return (
      lines
        .map((line, at) => ({ line, before: lines[at - 1] ?? '', place: `${path}:${at + 1}` }))
        .filter(({ line }) => /^export (?:async |abstract )?(?:function|const|let|class|interface|type [A-Z])/.test(line))
        // An overload stands under the explanation of the first.
        .filter(({ line, before }) => !before.endsWith('*/') && !(/^export function \w+/.test(before) && sameFunction(line, before)))
        .map(({ place }) => place)
    )
  })
  expect(unexplained).toEqual([])
})

function sameFunction(line: string, before: string): boolean {
  return /^export function (\w+)/.exec(line)?.[1] === /^export function (\w+)/.exec(before)?.[1]
}
