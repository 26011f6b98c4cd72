import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { refusedByRule } from '../support/accounts.ts'
import { call, wireText } from '../support/consumer.ts'
import { operatorsPage } from '../support/operators-page.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'
import { dial, expectFhirRefusal, expectNothingLeft } from '../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { audit: { flood: { perKeyPerSecond: 5, perProcessPerSecond: 20 } } } })
})
afterEach(() => expectNothingLeft(here))
afterAll(() => here.close())

/** Calls that were refused by this rule: with a record of their own, and as counts. */
function refusedBy(rule: string): { readonly single: number; readonly counted: number } {
  return refusedByRule(here.audit()).get(rule) ?? { single: 0, counted: 0 }
}

test.each([
  ['without a certificate', null, wireText(), 496, 'client-certificate'],
  ['with a bad one', 'badRevoked', wireText(), 495, 'client-certificate'],
  ['with a good one and no form', undefined, wireText({ extra: 'Ssp-To: 1\r\n' }), 400, 'wire-form'],
] as const)(
  'O3: callers %s that open and fail as fast as they can: each is answered and closed, records and counts add up, the log stays small, honest calls go on',
  async (_who, as, text, status, rule) => {
    const attempts = 400
    const before = refusedBy(rule)
    const bytes = async () => (await stat(join(here.directory, 'data', 'audit', 'test-main', '000000000000.log'))).size
    const size = await bytes()
    let honest = 0
    let left = attempts
    const started = performance.now()
    const attacker = async () => {
      while (left-- > 0) {
        const line = await dial(here, as === null ? null : as === undefined ? undefined : here.certificates[as])
        line.send(text + wireText())
        const answers = await line.end()
        expect(answers.map((one) => one.status)).toEqual([status])
        if (left % 50 === 0)
          expectFhirRefusal(answers[0]!, status === 496 ? 'NO_CERTIFICATE' : status === 495 ? 'BAD_CERTIFICATE' : 'MALFORMED_REQUEST')
        line.close()
      }
    }
    const attackers = Promise.all(Array.from({ length: 8 }, attacker))
    while (left > 0) {
      expect((await call(here)).status).toBe(200)
      honest++
    }
    await attackers
    const seconds = (performance.now() - started) / 1000
    const added = await until('all are recorded or counted', () => {
      const now = refusedBy(rule)
      const sum = { single: now.single - before.single, counted: now.counted - before.counted }
      return sum.single + sum.counted === attempts && sum
    })
    // A window of the flood rule lasts a second, and the first and the last may be cut short.
    expect(added.single).toBeLessThanOrEqual(5 * (Math.ceil(seconds) + 1))
    expect(added.counted).toBeGreaterThan(0)
    expect(honest).toBeGreaterThan(0)
    expect((await bytes()) - size).toBeLessThan(1_000_000)
    expect(await operatorsPage(here, '/readyz')).toBe('ok\n')
  },
  60_000,
)
