import { existsSync } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Installation, install } from '../../support/run-ssp.ts'

let here: Installation
beforeAll(async () => {
  here = await install()
})
afterAll(() => here.remove())

test('where nothing was ever recorded, a look says so and makes nothing', async () => {
  await rmdir(join(here.directory, 'data'))
  const run = await here.run(['trace', '00000000000000000000000000000000'])
  expect(run).toMatchObject({ code: 1, out: '' })
  expect(run.error).toBe(`nothing is recorded yet: there is no ${join(here.directory, 'data')}\n`)
  expect(existsSync(join(here.directory, 'data'))).toBe(false)
})

test('what is wrong with a search is told by the option that it was given by', async () => {
  await mkdir(join(here.directory, 'data'), { mode: 0o700 })
  const told = async (...options: readonly string[]) => (await here.run(['audit', 'search', ...options])).error
  expect(await told('--exchange', 'xyz')).toBe('--exchange: must be 32 hex digits\n')
  expect(await told('--nhs-number', '12')).toBe('--nhs-number: is no NHS number: ten digits, the last of them the check digit\n')
  expect(await told('--exchange', 'xyz', '--after', '12')).toBe(
    '--exchange: must be 32 hex digits; --after: is not what an earlier page gave as `next`\n',
  )
})
