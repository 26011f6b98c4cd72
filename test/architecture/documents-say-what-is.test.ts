import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedParts, pageAndMade } from '../../docs/generate.ts'
import { describeAdmission } from '../../src/proxy/describe.ts'
import { repositoryFiles } from '../support/repository-files.ts'
import { checkout, runSsp } from '../support/run-ssp.ts'

const pages = repositoryFiles().filter(({ path }) => path.endsWith('.md'))

describe('the parts of the documentation that are made from the code', () => {
  test.each(Object.keys(generatedParts))('docs/%s is as the code has it, else run: npm run docs', async (name) => {
    const { page, made } = await pageAndMade(name)
    expect(page).toBe(made)
  })

  test('the decision table has a row for each entry that ssp describe lists', async () => {
    const { page } = await pageAndMade('decision-table.md')
    const { checks } = JSON.parse((await runSsp(['describe', '--json'])).out) as {
      checks: readonly { name: string; refusals: readonly unknown[] }[]
    }
    expect(Array.from(page.matchAll(/^\| \d+ \| `([^`]+)`/gm), ([, name]) => name)).toEqual(checks.map(({ name }) => name))
    expect(checks.every(({ refusals }) => refusals.length > 0)).toBe(true)
  })
})

test('README draws the life of a request as it is: every check, in order, with the statuses of its refusals', () => {
  const drawing = /```text\n consumer\n[\s\S]*?```/.exec(pages.find(({ path }) => path === 'README.md')?.text ?? '')?.[0] ?? ''
  const drawn = Array.from(drawing.matchAll(/^ ([a-z-]+) .*─▶ ([0-9 ]+)─/gm), ([, name, statuses = '']) => [name, statuses.trim()])
  const called: Readonly<Record<string, string>> = { 'provider-capacity': 'admitted', 'provider-exchange': 'provider' }
  const real = describeAdmission().checks.map(({ name, refusals }) => {
    const statuses = [...new Set(refusals.map(({ status }) => status))].sort((a, b) => a - b)
    return [called[name] ?? name, statuses.join(' ')]
  })
  // These two can come at any point.
  expect(drawn).toEqual(real.filter(([name]) => name !== 'unforeseen' && name !== 'drain'))
})

test('every page is reached from README.md', () => {
  const reached = new Set<string>()
  const visit = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    for (const target of linksOf(path)) if (target.endsWith('.md')) visit(target)
  }
  visit('README.md')
  expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([])
})

test('every link inside the repository leads somewhere', () => {
  const broken = pages.flatMap(({ path }) => linksOf(path).map((target) => ({ path, target })))
  expect(broken.length).toBeGreaterThan(10)
  expect(broken.filter(({ target }) => !existsSync(join(checkout, target)))).toEqual([])
})

test('every command of ssp that the documentation names exists', async () => {
  const named = pages.flatMap(({ text }) => Array.from(text.matchAll(/\bnpx ssp ([a-z][a-z-]*)/g), ([, name = '']) => name))
  const { out } = await runSsp(['--help'])
  const missing = [...new Set(named)].filter((name) => !new RegExp(`^  ${name}\\b`, 'm').test(out))
  expect(missing).toEqual([])
})

test('every npm script that the documentation names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> }
  const named = pages.flatMap(({ text }) => Array.from(text.matchAll(/\bnpm run ([a-z][a-z-]*)/g), ([, name = '']) => name))
  expect([...new Set(named)].filter((name) => scripts[name] === undefined)).toEqual([])
})

/** The files and folders that a page links to, from the checkout's folder. */
function linksOf(path: string): readonly string[] {
  const text = pages.find((page) => page.path === path)?.text ?? ''
  const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target.replace(/#.*$/, ''))
  return targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target)).map((target) => join(dirname(path), target))
}
