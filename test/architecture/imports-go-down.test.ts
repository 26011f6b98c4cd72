import { builtinModules } from 'node:module'
import { type SourceFile, sourceFiles } from '../support/source-files.ts'

/** The rows of the house, from the ground: a folder imports from lower rows and from itself. */
const rows: readonly (readonly string[])[] = [
  ['lib'],
  ['http', 'spine'],
  ['metrics'],
  ['pki', 'registry', 'protection', 'state', 'audit'],
  ['checks', 'forwarding'],
  ['proxy'],
  ['listener', 'ops', 'explain', 'workers'],
  ['app'],
  ['cli'],
]
const rowOf = new Map(rows.flatMap((folders, row) => folders.map((folder) => [folder, row] as const)))

/** Files that the switch of their folder alone may import: whoever wants a backend asks for it by its settings. */
const backendsOfSwitch: Readonly<Record<string, readonly string[]>> = {
  'src/registry/registry-source.ts': ['src/registry/file-registry.ts'],
  'src/state/open-lockouts.ts': ['src/state/redis-lockout-fan-out.ts'],
  'src/audit/index/open-index-store.ts': ['src/audit/index/sqlite-index.ts', 'src/audit/index/postgres-index.ts'],
}

/** A command that reads the directory without a proxy makes the same source that a proxy would. */
const partsMadeByCommands: readonly string[] = ['createRegistrySource']

const files = sourceFiles('src')
const ours = files.flatMap(({ path, imports }) =>
  imports.filter(({ target }) => target.startsWith('src/')).map((imported) => ({ path, ...imported })),
)
const folderOf = (path: string) => path.split('/')[1] ?? ''
const arrows = (found: readonly { readonly path: string; readonly target: string }[]) =>
  found.map(({ path, target }) => `${path} → ${target}`)

test('the imports are read: the rule below would otherwise hold of nothing', () => {
  const admission = files.find(({ path }) => path === 'src/proxy/admission.ts')?.imports
  expect(admission).toContainEqual({ target: 'src/checks/check-needs.ts', typeOnly: true, names: [] })
  expect(admission).toContainEqual({ target: 'src/checks/method.ts', typeOnly: false, names: ['method', 'methodSettings'] })
  expect(files.find(({ path }) => path === 'src/cli/serve.ts')?.imports.map(({ target }) => target)).toContain('src/app/serve.ts')
})

test('every folder of src has its row', () => {
  const folders = new Set(files.filter(({ path }) => path !== 'src/main.ts').map(({ path }) => folderOf(path)))
  expect([...folders].filter((folder) => !rowOf.has(folder))).toEqual([])
})

test('a file imports from its own folder and from lower rows, never sideways, never up', () => {
  const wrong = ours.filter(({ path, target }) => {
    const [from, to] = [folderOf(path), folderOf(target)]
    return path !== 'src/main.ts' && from !== to && !((rowOf.get(to) ?? 99) < (rowOf.get(from) ?? -1))
  })
  expect(arrows(wrong)).toEqual([])
})

test('main.ts imports the commands and nothing else', () => {
  expect(arrows(ours.filter(({ path, target }) => path === 'src/main.ts' && folderOf(target) !== 'cli'))).toEqual([])
})

test('no check imports a check; it may name the type of what an earlier one proves', () => {
  const isCheck = (path: string) => folderOf(path) === 'checks' && !path.endsWith('/check-needs.ts')
  expect(arrows(ours.filter(({ path, target, typeOnly }) => isCheck(path) && isCheck(target) && !typeOnly))).toEqual([])
})

test("a backend is imported only by its folder's switch", () => {
  const switchOf = new Map(
    Object.entries(backendsOfSwitch).flatMap(([chooser, backends]) => backends.map((one) => [one, chooser] as const)),
  )
  for (const backend of switchOf.keys()) expect(files.map(({ path }) => path)).toContain(backend)
  expect(arrows(ours.filter(({ path, target, typeOnly }) => !typeOnly && switchOf.has(target) && switchOf.get(target) !== path))).toEqual(
    [],
  )
})

test('app alone constructs parts: it alone calls what another folder creates, opens, loads or starts', () => {
  const constructors = /^(?:create|open|load|start)[A-Z]/
  const isPart = (path: string) => [3, 4, 5, 6].includes(rowOf.get(folderOf(path)) ?? -1)
  const wrong = ours
    .filter(({ path, target }) => isPart(target) && folderOf(path) !== folderOf(target) && folderOf(path) !== 'app')
    .flatMap(({ path, names }) => names.filter((name) => constructors.test(name)).map((name) => `${path} ${name}`))
  expect(wrong.filter((found) => !partsMadeByCommands.includes(found.split(' ')[1] ?? ''))).toEqual([])
})

test('no file imports itself, by whatever way round', () => {
  const targets = new Map(files.map(({ path, imports }) => [path, imports.map(({ target }) => target)]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '))
    if (way.includes(path) || done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  expect(circles).toEqual([])
})

test('what an auditor runs alone imports nothing but Node and itself: verify.ts and the files that say so', () => {
  const says = '// One of the files that an auditor can run'
  const alone = files.filter(({ path, text }) => text.startsWith(says) || path === 'src/audit/verify.ts')
  expect(alone.length).toBeGreaterThan(17)
  const allowed = (target: string) => alone.some(({ path }) => path === target) || target.startsWith('node:')
  expect(alone.flatMap(({ imports }) => imports.map(({ target }) => target)).filter((target) => !allowed(target))).toEqual([])
})

test('the words of the domain do no input or output', () => {
  const io = outside(files.filter(({ path }) => folderOf(path) === 'spine'))
  expect(io.filter(({ target }) => !['node:buffer', 'node:crypto'].includes(target))).toEqual([])
})

test('src knows nothing of the demonstration, the tests, the development certificates and the documentation', () => {
  const below = files.flatMap(({ path, imports }) => imports.map(({ target }) => ({ path, target })))
  expect(arrows(below.filter(({ target }) => /^(?:demo|test|certs-dev|docs|config|bin)\//.test(target)))).toEqual([])
})

test("Node's modules are imported by their full name", () => {
  expect(outside(files).filter(({ target }) => builtinModules.includes(target) && !target.startsWith('node:'))).toEqual([])
})

test('the demo provider imports nothing of the proxy', () => {
  const demo = sourceFiles('demo/provider').flatMap(({ path, imports }) => imports.map(({ target }) => ({ path, target })))
  expect(demo.length).toBeGreaterThan(0)
  expect(arrows(demo.filter(({ target }) => target.startsWith('src/')))).toEqual([])
})

function outside(of: readonly SourceFile[]): readonly { readonly path: string; readonly target: string }[] {
  return of.flatMap(({ path, imports }) =>
    imports.filter(({ target }) => !target.startsWith('src/')).map(({ target }) => ({ path, target })),
  )
}
