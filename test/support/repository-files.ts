import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { checkout } from './run-ssp.ts'

/** A text file of the repository. */
export interface RepositoryFile {
  /** From the checkout's folder, with slashes. */
  readonly path: string
  readonly text: string
}

const made = new Set(['node_modules', 'dist', 'data', 'coverage', '.git'])
const texts = new Set(['.ts', '.js', '.json', '.yaml', '.yml', '.md', '.sh', ''])

/** Every text file of the checkout that somebody wrote: nothing installed, built, or made by running it. */
export function repositoryFiles(folder = ''): readonly RepositoryFile[] {
  return readdirSync(join(checkout, folder), { withFileTypes: true })
    .filter(({ name }) => !made.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return repositoryFiles(path)
      if (!entry.isFile() || !texts.has(extname(entry.name))) return []
      return [{ path, text: readFileSync(join(checkout, path), 'utf8') }]
    })
}
