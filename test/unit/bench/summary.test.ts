import type { Turn } from '../../bench/measure-scenario.ts'
import { scenarios } from '../../bench/scenarios.ts'
import type { SubjectName } from '../../bench/subjects/subject.ts'
import { summarise } from '../../bench/summary.ts'
import { summaryText } from '../../bench/summary-text.ts'

function turn(subject: SubjectName, cpu: number): Turn {
  return { subject, cpu, shares: [], requestsPerSecond: 1000, loadedP50: 1, loadedP99: 2, addedP50: 3, addedP99: 4 }
}

const small = scenarios[0]!
const rounds = [
  [turn('this-proxy', 100), turn('undici', 80), turn('http-proxy', 200)],
  [turn('this-proxy', 400), turn('undici', 200), turn('http-proxy', 400)],
  [turn('this-proxy', 130), turn('undici', 100), turn('http-proxy', 250)],
]

describe('the summary of the benchmark', () => {
  test('takes ratios within a round and then their median, so that a slow round spoils none', () => {
    const { ratios } = summarise(small, rounds)
    expect(ratios.map(({ to, median, min, max }) => [to, median, min, max])).toEqual([
      ['undici', 1.3, 1.25, 2],
      ['http-proxy', 0.52, 0.5, 1],
    ])
  })

  test('says of each goal whether it was reached', () => {
    const text = summaryText(summarise(small, rounds))
    expect(text).toMatch(/1\.30 \(1\.25–2\.00\) × bare undici pass-through {3}at most 1\.40, aim 1\.25: reached$/m)
    expect(text).toMatch(/0\.52 \(0\.50–1\.00\) × bare http-proxy {3}at most 0\.70, aim 0\.50: reached$/m)
    expect(summaryText(summarise(small, [[turn('this-proxy', 3), turn('undici', 1)]]))).toMatch(/aim 1\.25: not reached$/m)
  })

  test('has no ratios where this proxy was not measured', () => {
    expect(summarise(small, [[turn('undici', 1)]]).ratios).toEqual([])
  })
})
