import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { whereMet } from './where-met.ts'

const folder = process.env['SSP_TEST_DATA']

/** The path of a file of real input, under the folder that `SSP_TEST_DATA` names; `undefined` where that is unset or lacks it. */
export function realData(path: string): string | undefined {
  if (folder === undefined || folder === '') return undefined
  const file = join(folder, path)
  return existsSync(file) ? file : undefined
}

/**
 * Tests with real input, the folder of which they are given. Where `SSP_TEST_DATA` is unset, one test says by its name
 * that they were skipped.
 */
export function describeWithRealData(name: string, tests: () => void): void {
  describe(name, () => {
    const given = folder !== undefined && folder !== ''
    whereMet('needs the environment variable SSP_TEST_DATA, the folder of real input', given, 'input', tests)
  })
}
