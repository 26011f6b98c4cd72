import { join } from 'node:path'
import { repositoryFiles } from '../support/repository-files.ts'

const files = repositoryFiles()
const page = files.find(({ path }) => path === 'docs/threats.md')?.text ?? ''

/** The rows of the page: id, and the files that its last column names. */
const rows = Array.from(page.matchAll(/^\| ([A-Z]\d{1,2}) \| [^|]+ \| [^|]+ \| ([^|]+) \|$/gm), ([, id = '', tests = '']) => ({
  id,
  tests: Array.from(tests.matchAll(/\]\(([^)]+)\)/g), ([, link = '']) => join('docs', link)),
}))

/** The ids with which names of tests begin, by file: one, or several with commas between, and a colon behind. */
const named = new Map(
  files
    .filter(({ path }) => path.startsWith('test/') && path.endsWith('.test.ts'))
    .map(({ path, text }) => {
      const prefixes = Array.from(text.matchAll(/(?:^|[\s([])['"`]([TFPHDRAO]\d{1,2}(?:, [TFPHDRAO]\d{1,2})*): /gm), ([, ids = '']) =>
        ids.split(', '),
      )
      return [path, new Set(prefixes.flat())] as const
    })
    .filter(([, ids]) => ids.size > 0),
)

test('the page and the names are found', () => {
  expect(rows.length).toBeGreaterThan(70)
  expect(named.size).toBeGreaterThan(20)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
})

test('every threat of docs/threats.md is in the name of a test, in each file that it names', () => {
  const missing = rows.flatMap(({ id, tests }) =>
    tests.length === 0 ? [`${id}: no file`] : tests.filter((path) => !named.get(path)?.has(id)).map((path) => `${id}: ${path}`),
  )
  expect(missing).toEqual([])
})

test('every threat that a test is named after is in docs/threats.md', () => {
  const told = new Set(rows.map(({ id }) => id))
  const missing = [...named].flatMap(([path, ids]) => [...ids].filter((id) => !told.has(id)).map((id) => `${id}: ${path}`))
  expect(missing).toEqual([])
})
