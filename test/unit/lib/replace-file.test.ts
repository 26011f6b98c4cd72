import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { draftEnding, replaceFile } from '../../../src/lib/replace-file.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'replace-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('the file is there as a whole, for its owner alone, and nothing beside it', async () => {
  const file = join(directory, 'a')
  await writeFile(file, 'the old one', { mode: 0o644 })
  await replaceFile(file, 'the new one')
  expect(await readFile(file, 'utf8')).toBe('the new one')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(directory)).toEqual(['a'])
})

test('a draft that a crash left behind is written over', async () => {
  const file = join(directory, 'a')
  await writeFile(`${file}${draftEnding}`, 'x'.repeat(1_000), { mode: 0o600 })
  await replaceFile(file, 'the new one')
  expect(await readFile(file, 'utf8')).toBe('the new one')
  expect(await readdir(directory)).toEqual(['a'])
})

test('where it cannot be put in its place the error is told, and no draft is left', async () => {
  await mkdir(join(directory, 'a'))
  await expect(replaceFile(join(directory, 'a'), 'x')).rejects.toThrow(/EISDIR|directory/)
  expect(await readdir(directory)).toEqual(['a'])
  await expect(replaceFile(join(directory, 'none', 'a'), 'x')).rejects.toThrow(/ENOENT/)
})
