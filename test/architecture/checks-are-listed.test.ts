import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { admission } from '../../src/proxy/admission.ts'
import { checkout } from '../support/run-ssp.ts'
import { sourceFiles } from '../support/source-files.ts'

interface Entry {
  readonly name: string
  readonly create: unknown
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'name' in value && 'create' in value && typeof value.create === 'function'
}

/** Every value in src/checks that has the form of a check, by its file. */
async function checksInFolder(): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const paths = sourceFiles('src/checks').map(({ path }) => path)
  const modules = await Promise.all(paths.map((path) => import(pathToFileURL(join(checkout, path)).href) as Promise<object>))
  return new Map(paths.map((path, at) => [path, Object.values(modules[at] ?? {}).filter(isEntry)]))
}

test('every check of the folder is on the list of admission, and the list holds nothing else', async () => {
  const inFolder = [...(await checksInFolder()).values()].flat()
  expect(inFolder.length).toBeGreaterThan(10)
  expect(new Set(inFolder)).toEqual(new Set(admission.entries))
  expect(inFolder.map(({ name }) => name).sort()).toEqual(admission.entries.map(({ name }) => name).sort())
})

test('a file that is named after a check holds it, and every other file is what all checks begin with', async () => {
  for (const [path, entries] of await checksInFolder()) {
    const file = path.replace(/^src\/checks\/|\.ts$/g, '')
    if (file === 'check-needs') expect(entries).toEqual([])
    else expect(entries.map(({ name }) => name)).toContain(file)
  }
})

test('no two checks have the same name, and each says in one sentence what is true of a request that passed', () => {
  const names = admission.entries.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { summary } of admission.entries) expect(summary).toMatch(/^[A-Z].*\.$/)
})

test('a check that proves what a later one needs cannot merely observe', () => {
  const observable = admission.entries.filter(({ modes }) => modes.includes('observe')).map(({ name }) => name)
  expect(observable).toEqual(['media-type', 'data-sharing', 'interaction-form', 'access-token', 'throttle'])
})
