import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { checkout } from '../support/run-ssp.ts'

const file = join(checkout, 'config/prometheus-rules.example.yaml')

whereInstalled('promtool', (program) => {
  test('the example of rules for Prometheus is valid, and promtool would notice where it is not', async () => {
    const checked = await runProgram(program, ['check', 'rules', file])
    expect([checked.code, checked.out.toString()]).toEqual([0, expect.stringMatching(/SUCCESS: [1-9]/)])
    expect((await runProgram(program, ['check', 'rules', join(checkout, 'package.json')])).code).not.toBe(0)
  })
})

test('every metric that the rules name is one of the proxy’s', () => {
  const known = readFileSync(join(checkout, 'docs/metrics.md'), 'utf8')
  const named = Array.from(readFileSync(file, 'utf8').matchAll(/\bssp_[a-z_]+/g), ([name]) => name.replace(/_bucket$/, ''))
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !known.includes(`\`${name}\``))).toEqual([])
})
