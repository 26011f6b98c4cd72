import { verdicts } from '../../src/spine/verdict-catalogue.ts'
import { repositoryFiles } from '../support/repository-files.ts'

/** What the tests of the whole proxy say, without the words of their comments. */
const said = repositoryFiles()
  .filter(({ path }) => path.startsWith('test/exchange/') && path.endsWith('.test.ts'))
  .map(({ text }) => text.replaceAll(/^\s*(?:\/\/|\/\*\*|\*).*$/gm, ''))

/** The words in capitals between quotation marks: codes that a test expects, or is named after. */
const expected = new Set(
  said.flatMap((text) => [...text.matchAll(/(['`])(?:(?!\1)[^\n])*\1/g)].flatMap(([quoted]) => quoted.match(/\b[A-Z][A-Z_]+\b/g) ?? [])),
)

test('the tests are found', () => {
  expect(said.length).toBeGreaterThan(60)
  expect(expected).not.toContain('NO_SUCH_VERDICT')
})

test('every verdict of the catalogue is provoked by a test of the whole proxy, which names it', () => {
  expect(Object.keys(verdicts).filter((code) => !expected.has(code))).toEqual([])
})
