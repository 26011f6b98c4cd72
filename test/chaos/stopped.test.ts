import { startScript } from '../support/start-script.ts'
import { until } from '../support/until.ts'

test('npm run chaos makes the kills that it was asked for, and says how far it is', async () => {
  const { code, out, error } = await startScript('chaos', ['--kills', '2', '--seed', '7', '--progress', '0.2']).ended
  expect(out).toMatch(/^seed 7\nkills +2\n/)
  expect(out).toMatch(/\n0 faults\n$/)
  expect(error).toMatch(/^chaos: \d of 2 kills, 0 faults, \d+ s$/m)
  expect(code).toBe(0)
})

test('npm run chaos that is told to end verifies what it has, and says how many kills were not made', async () => {
  const { child, said, ended } = startScript('chaos', ['--kills', '1000', '--seed', '8', '--progress', '0.2'])
  try {
    await until('it has killed once', () => /chaos: [1-9]\d* of 1000 kills/.test(said()), 120_000)
    child.kill('SIGINT')
    // As npm does, which passes on what the terminal has sent to everybody.
    child.kill('SIGINT')
    const { code, out, error } = await ended
    expect(error).toContain('SIGINT: no more is begun; what was done is held against the audit')
    const [, made = '', missing = ''] = /\nstopped by SIGINT after (\d+) of 1000 kills, (\d+) were not made \(seed 8\)\n$/.exec(out) ?? []
    expect(Number(made)).toBeGreaterThan(0)
    expect(Number(made) + Number(missing)).toBe(1000)
    expect(out).toMatch(new RegExp(`^seed 8\nkills +${made}\n(?:.*\n)*answered +\\d+\n(?:.*\n)*0 faults\nstopped`))
    expect(code).toBe(2)
  } finally {
    child.kill('SIGKILL')
  }
})
