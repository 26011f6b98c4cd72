import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryFiles } from '../support/repository-files.ts'
import { checkout } from '../support/run-ssp.ts'

const files = repositoryFiles()

/** Where a pattern occurs, as file:line. */
function places(pattern: RegExp, within: (path: string) => boolean = () => true): readonly string[] {
  return files
    .filter(({ path }) => within(path))
    .flatMap(({ path, text }) => text.split('\n').flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : [])))
}

test('the files are found', () => {
  const paths = files.map(({ path }) => path)
  for (const path of ['package.json', 'src/main.ts', 'bin/ssp.js', 'config/dev.yaml', '.gitignore']) expect(paths).toContain(path)
  expect(places(/"name": "spine-security-proxy"/)).toContain('package.json:2')
})

test('no source file puts work off', () => {
  expect(
    places(/\b(?:TODO|FIXME|HACK|XXX)\b|\bfor now\b|\bstub(?:s|bed)?\b/i, (path) => /^(?:src|bin|demo|certs-dev)\//.test(path)),
  ).toEqual([])
})

// The patterns are written so that they do not find themselves.
test('no file names a folder of the machine that it was written on', () => {
  expect(places(/(?<![\w.~)-])\/(?:[w]ork|[h]ome|[U]sers|[r]oot)\/\w/)).toEqual([])
  expect(places(/\.\.\/[s]hared/, (path) => path !== join('.ci', 'run'))).toEqual([])
})

test('no file names the host of a package registry, the lock file least of all', () => {
  expect(places(/[r]egistry\.(?:npmjs|yarnpkg|npmmirror)\b|\b[n]pm\.pkg\.github\b/)).toEqual([])
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>
  }
  const installed = Object.entries(packages).filter(([path]) => path !== '')
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
  expect(installed.filter(([, { integrity, link }]) => integrity === undefined && link !== true).map(([path]) => path)).toEqual([])
})

test('no private key is kept', () => {
  const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{100}/
  expect(files.filter(({ text }) => key.test(text)).map(({ path }) => path)).toEqual([])
})

test('no test is left out, and none runs alone', () => {
  expect(places(/\b(?:test|describe|it)\.only\b|\b(?:f|x)(?:describe|it)\(/, (path) => path.startsWith('test/'))).toEqual([])
})

test('every version that is depended on is exact', () => {
  const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as Record<string, Record<string, string>>
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']
  const versions = groups.flatMap((group) => Object.entries(manifest[group] ?? {}))
  expect(versions.filter(([, version]) => !/^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([])
})
