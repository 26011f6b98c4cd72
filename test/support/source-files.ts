import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkout } from './run-ssp.ts'

/** One import of a file. */
export interface Import {
  /** The file that is imported, from the checkout's folder; the module's name where it is none of ours. */
  readonly target: string
  /** Whether nothing of it is there at run time. */
  readonly typeOnly: boolean
  /** What is imported by name, types left out. */
  readonly names: readonly string[]
}

/** A file of source code. */
export interface SourceFile {
  /** From the checkout's folder, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

/** Every TypeScript file under a folder of the checkout, in order. Reads imports by their form, which the formatter keeps the same everywhere. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const text = readFileSync(join(checkout, path), 'utf8')
      return { path, text, imports: importsOf(path, text) }
    })
}

function importsOf(path: string, text: string): readonly Import[] {
  const fromClauses = text.matchAll(/^(?:import|export) (type )?([^'";]*?) from '([^']+)'/gm)
  const imported = Array.from(fromClauses, ([, type, clause = '', specifier = '']) => {
    const members = /\{([^}]*)\}/.exec(clause)?.[1]?.split(',') ?? []
    const written = members.map((member) => member.trim()).filter((member) => member !== '')
    const names = written.filter((member) => !member.startsWith('type ')).map((member) => member.split(' as ')[0] ?? '')
    const typeOnly = type !== undefined || (written.length > 0 && names.length === 0 && clause.startsWith('{'))
    return { target: targetOf(path, specifier), typeOnly, names: typeOnly ? [] : names }
  })
  const loaded = text.matchAll(/(?:^import |\bimport\()'([^']+)'/gm)
  return [...imported, ...Array.from(loaded, ([, specifier = '']) => ({ target: targetOf(path, specifier), typeOnly: false, names: [] }))]
}

function targetOf(path: string, specifier: string): string {
  return specifier.startsWith('.') ? join(dirname(path), specifier) : specifier
}
