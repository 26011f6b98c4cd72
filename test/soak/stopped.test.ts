import { startScript } from '../support/start-script.ts'
import { until } from '../support/until.ts'

test('npm run soak that is told to end looks for every call that it made, and ends well where nothing was wrong', async () => {
  const { child, said, ended } = startScript('soak', ['--minutes', '60', '--rate', '10', '--seed', '5', '--progress', '0.5'])
  try {
    await until('it has made calls', () => /soak: \d+ of 3600 s, [1-9]\d* calls/.test(said()), 120_000)
    child.kill('SIGTERM')
    const { code, out, error } = await ended
    expect(error).toContain('SIGTERM: no more is begun; what was done is held against the audit')
    expect(out).toMatch(/^seed 5, 3600 s, 10 calls a second/)
    expect(out).toMatch(/\nstopped by SIGTERM after \d+ of 3600 s \(seed 5\)\n/)
    const [, exchanges = '', recorded = ''] = /\naudit: (\d+) exchanges, (\d+) of them in it\n/.exec(out) ?? []
    expect(Number(recorded)).toBeGreaterThan(0)
    expect(recorded).toBe(exchanges)
    expect(out).toContain('too few samples to tell')
    expect(out).toMatch(/\n0 faults, load .*\n$/)
    expect(code).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
})
