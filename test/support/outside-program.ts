import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { whereMet } from './where-met.ts'

/** Where administrators' programs live, which are not on everybody's path. */
const furtherFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin', ...globSync('/usr/lib/postgresql/*/bin')]

/** The path of a program on this machine, or undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...furtherFolders]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

type Tests = (path: string) => void

/**
 * Registers tests that need an outside program and are given its path. Where it is missing, one test says so by its name: skipped, or failing
 * where `SSP_REQUIRE_SERVICES` is 1. So is one that is there and does not `work` here.
 */
export function whereInstalled(name: string, ...given: readonly [Tests] | readonly [works: (path: string) => boolean, Tests]): void {
  const [works, tests] = given.length === 1 ? [() => true, given[0]] : given
  const found = findProgram(name)
  const path = found !== undefined && works(found) ? found : undefined
  const missing = `needs the program ${name}, which ${found === undefined ? 'is not installed on' : 'may not do its work on'} this machine`
  whereMet(missing, path !== undefined, 'service', () => tests(path as string))
}

/** How a run of an outside program ended. */
export interface ProgramRun {
  readonly code: number | null
  readonly out: Buffer
  readonly error: string
}

/** Runs a program to its end, with this as its input; the input stays open until `until` shows in the output, where that is given. */
export async function runProgram(
  path: string,
  args: readonly string[],
  { input, until, cwd }: { readonly input?: string | Buffer; readonly until?: RegExp; readonly cwd?: string } = {},
): Promise<ProgramRun> {
  const child = spawn(path, args, { stdio: 'pipe', ...(cwd !== undefined && { cwd }) })
  const out: Buffer[] = []
  // A program may end, or close its input, before it has read all of it.
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk)
    if (until?.test(Buffer.concat(out).toString('latin1'))) child.stdin.end()
  })
  if (until === undefined) child.stdin.end(input)
  else if (input !== undefined) child.stdin.write(input)
  const [error, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number | null]>])
  return { code, out: Buffer.concat(out), error }
}
