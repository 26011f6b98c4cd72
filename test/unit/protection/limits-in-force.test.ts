import { limitsInForce } from '../../../src/protection/limits-in-force.ts'
import { throttleSettings } from '../../../src/protection/throttle-settings.ts'

const surgery = { 'surgery-hours': [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:30' }] }
const night = { night: [{ days: ['sat'], from: '22:00', to: '02:30' }] }

/** The rate of the sending system at these times, by what the settings say. */
function ratesAt(settings: object, ...times: readonly string[]) {
  const inForce = limitsInForce(throttleSettings.parse(settings))
  return times.map((time) => inForce(Date.parse(time)).find(({ dimension }) => dimension === 'system')?.usual?.rate?.perSecond)
}

test('without any settings a sending system has a rate and calls at once, and nothing else is limited', () => {
  const limits = limitsInForce(throttleSettings.parse({}))(0)
  expect(limits).toMatchObject([{ dimension: 'system', observe: false, usual: { rate: { perSecond: 50, burst: 100 }, concurrent: 200 } }])
})

test('windows are those of the clock on the wall: an hour earlier in UTC once summer time has begun', () => {
  const settings = { requestsPerSecond: 10, windows: surgery, during: { 'surgery-hours': { scale: 0.5 } } }
  // Friday 27 and Monday 30 March 2026: the clocks go forward on the Sunday between them.
  expect(ratesAt(settings, '2026-03-27T07:59:59Z', '2026-03-27T08:00Z', '2026-03-27T18:29:59Z', '2026-03-27T18:30Z')).toEqual([
    10, 5, 5, 10,
  ])
  expect(ratesAt(settings, '2026-03-30T06:59:59Z', '2026-03-30T07:00Z', '2026-03-30T17:29:59Z', '2026-03-30T17:30Z')).toEqual([
    10, 5, 5, 10,
  ])
  expect(ratesAt(settings, '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual([10, 10])
})

test('over midnight, and through both nights on which the clocks change', () => {
  const settings = { requestsPerSecond: 10, windows: night, during: { night: { requestsPerSecond: 1 } } }
  // 28 to 29 March: 01:00 GMT is 02:00 BST, so 02:30 on the wall is 01:30Z.
  expect(ratesAt(settings, '2026-03-28T21:59Z', '2026-03-28T22:00Z', '2026-03-29T01:29Z', '2026-03-29T01:30Z')).toEqual([10, 1, 1, 10])
  // 24 to 25 October: 01:00 BST to 02:00 BST comes twice; 02:30 on the wall is 02:30Z.
  expect(
    ratesAt(settings, '2026-10-24T20:59Z', '2026-10-24T21:00Z', '2026-10-25T01:30Z', '2026-10-25T02:29Z', '2026-10-25T02:30Z'),
  ).toEqual([10, 1, 1, 1, 10])
  expect(ratesAt(settings, '2026-10-25T22:30Z')).toEqual([10])
})

test('a window scales or replaces; of several the first named in `windows` counts; overrides have their own', () => {
  const always = { one: [{ days: ['mon'], from: '00:00', to: '00:00' }], two: [{ days: ['mon'], from: '00:00', to: '23:59' }] }
  const settings = throttleSettings.parse({
    windows: always,
    during: { two: { scale: 9 }, one: { scale: 0.5, concurrent: 7 } },
    perSystem: { '200000000359': { requestsPerSecond: 4, during: { two: { requestsPerSecond: 400 } } } },
    limits: { interaction: { overrides: { bulk: { requestsPerSecond: 0.5 } } }, provider: { mode: 'observe', concurrent: 30 } },
  })
  const limits = limitsInForce(settings)(Date.parse('2026-06-01T12:00Z'))
  expect(limits.map(({ dimension }) => dimension)).toEqual(['system', 'provider', 'interaction'])
  const [system, provider, interaction] = limits
  expect(system?.usual).toMatchObject({ rate: { perSecond: 25, burst: 50 }, concurrent: 7 })
  expect(system?.overrides.get('200000000359')).toMatchObject({ rate: { perSecond: 400, burst: 800 } })
  expect(provider).toMatchObject({ observe: true, usual: { concurrent: 30 } })
  expect(interaction?.usual).toBeUndefined()
  expect(interaction?.overrides.get('bulk')).toMatchObject({ rate: { perSecond: 0.5, burst: 1 } })
})

test('a window that nobody has named and a zone that does not exist are refused', () => {
  const problems = (settings: object) => throttleSettings.safeParse(settings).error?.issues.map(({ path }) => path.join('.'))
  expect(problems({ limits: { provider: { during: { lunch: { scale: 1 } } } } })).toEqual(['limits.provider.during.lunch'])
  expect(problems({ timeZone: 'Europe/Leeds' })).toEqual(['timeZone'])
  expect(problems({ windows: { x: [{ days: ['mon'], from: '24:00', to: '08:00' }] } })).toEqual(['windows.x.0.from'])
})
