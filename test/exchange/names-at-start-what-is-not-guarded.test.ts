import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'

let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess({ settings: { checks: { 'media-type': { mode: 'observe' } } } })
})
afterAll(() => here.close())

const said = () => here.log.map(({ msg }) => String(msg))

test('a check that only observes is named at the start, in /readyz?verbose and in a metric', async () => {
  expect(said()).toContainEqual(expect.stringMatching(/^only observing, not enforcing: .*media-type/))
  expect((await here.page('/readyz?verbose')).body).toContain('media-type is only observed')
  expect((await here.page('/metrics')).body).toMatch(/^ssp_check_observing\{check="media-type"\} 1$/m)
})

test('an address that is dialled past the guard is named at the start and in /readyz?verbose', async () => {
  const named = /provider\.thirdparty\.nhs\.uk:443 is dialled at 127\.0\.0\.1:\d+, past the dial guard/
  expect(said()).toContainEqual(expect.stringMatching(named))
  expect((await here.page('/readyz?verbose')).body).toMatch(named)
})
