import { day } from './day.ts'
import { fairness } from './fairness.ts'
import { lockoutDay } from './lockouts.ts'
import { type Promised, promisesOfDay, promisesOfFairness, promisesOfLockouts, promisesOfTrouble } from './promises.ts'
import { troubleScene } from './trouble.ts'

const missed = (promises: readonly Promised[]) => promises.filter(({ holds }) => !holds)

test('a small country over two hours: limits hold, honest calls pass, and what an abuser sends is cut down to its limit', async () => {
  const size = { nodes: 30, consumers: 2_000, providers: 800, peakPerSecond: 1_000, seed: 1 }
  const plan = { ...size, hours: 2, secondsPerHour: 10 }
  const quiet = await day({ ...plan, abuser: false })
  const abused = await day({ ...plan, abuser: true })
  expect(missed(promisesOfDay(quiet, abused, plan))).toEqual([])
  expect(quiet.calls).toBeGreaterThan(4_000)
  expect(abused.abuser.sent).toBeGreaterThan(3 * abused.abuser.passed)
})

test('one consumer at a hundred times its share at one provider: the others hardly notice, and the same seed gives the same figures', async () => {
  const scene = { workers: 16, serviceMs: 50, spread: 0.8, load: 0.6, abuse: 100, from: 20, seconds: 120, seed: 1 }
  const alone = await fairness({ ...scene, abuse: 0 })
  const abused = await fairness(scene)
  expect(missed(promisesOfFairness([{ scene, alone, abused }]))).toEqual([])
  expect(abused.abuserSent).toBeGreaterThan(abused.calls)
  expect(await fairness(scene)).toEqual(abused)
})

test('lockouts on thirty nodes, three of them cut off for a while: in force everywhere in time, and all agree', async () => {
  expect(missed(promisesOfLockouts(await lockoutDay({ nodes: 30, lockouts: 20, seed: 1 })))).toEqual([])
})

test('a provider that slows down, flaps, hangs or answers 503: the queue is bounded, recovery is noticed, its neighbour does not notice', async () => {
  for (const trouble of ['slow', 'flaps', 'hangs', 'answers-503'] as const) {
    const result = await troubleScene(trouble, 1)
    expect(missed(promisesOfTrouble(trouble, result))).toEqual([])
    // There was something to recover from: but for one that is slow, whose calls are held back and never broken off, the circuit was not closed.
    expect([trouble, result.circuit === 'closed']).toEqual([trouble, trouble === 'slow'])
  }
})
