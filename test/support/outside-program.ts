import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where administrators' programs live, which are not on everybody's path. */
const furtherFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The path of a program on this machine, or undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''), ...furtherFolders]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/**
 * Registers tests that need an outside program and are given its path. Where it is missing, one test says so by its name: skipped, or failing
 * where `SSP_REQUIRE_SERVICES` is 1.
 */
export function whereInstalled(name: string, tests: (path: string) => void): void {
  const path = findProgram(name)
  const missing = `needs the program ${name}, which is not installed on this machine`
  const skipped = test.skip
  if (path !== undefined) tests(path)
  else if (process.env['SSP_REQUIRE_SERVICES'] === '1')
    test(missing, () => {
      throw new Error(`${name} is on no folder of PATH, and SSP_REQUIRE_SERVICES=1 requires it`)
    })
  else skipped(missing, () => undefined)
}
