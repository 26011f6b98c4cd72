import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { checkout } from '../support/run-ssp.ts'
import { sourceFiles } from '../support/source-files.ts'

const files = new Map(['demo', 'docs', 'test'].flatMap(sourceFiles).map((file) => [file.path, file]))
const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
const programs = Object.values(scripts).flatMap((script) => Array.from(script.matchAll(/\bnode (\S+\.ts)\b/g), ([, path = '']) => path))

/** Loads modules one after the other in a Node of its own, where no test runner is; gives what each said that could not be loaded. */
async function faultsOfLoading(urls: readonly string[]): Promise<readonly string[]> {
  const load = `const faults = []
    for (const url of ${JSON.stringify(urls)}) await import(url).catch((error) => faults.push(url + ': ' + error.message))
    process.stdout.write(JSON.stringify(faults), () => process.exit())`
  const inherited = Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS')
  const options = { cwd: checkout, env: Object.fromEntries(inherited) }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', load], options)
  return JSON.parse(stdout) as readonly string[]
}

test('a module that needs the test runner as it is loaded is told by its name', async () => {
  const [needs, calls] = ['const skipped = test.skip', 'export const later = () => test.skip'].map((text) => `data:text/javascript,${text}`)
  expect(await faultsOfLoading([String(needs), String(calls)])).toEqual([`${needs}: test is not defined`])
})

test('every program of package.json is found, with what it imports', () => {
  expect(programs).toEqual(expect.arrayContaining(['test/scan/scan.ts', 'test/fuzz/fuzz.ts', 'test/bench/bench.ts', 'demo/start.ts']))
  expect(programs.filter((path) => !files.has(path))).toEqual([])
  expect(files.get('test/scan/scan.ts')?.imports.map(({ target }) => target)).toContain('test/scan/testssl.ts')
})

test('what the programs of package.json import can be loaded where no test runner is', async () => {
  const imported = programs
    .flatMap((path) => files.get(path)?.imports ?? [])
    .filter(({ typeOnly, target }) => !typeOnly && target.endsWith('.ts'))
  const urls = [...new Set(imported.map(({ target }) => pathToFileURL(join(checkout, target)).href))]
  expect(await faultsOfLoading(urls)).toEqual([])
})
