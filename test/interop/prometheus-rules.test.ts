import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { operatorsPage } from '../support/operators-page.ts'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { checkout } from '../support/run-ssp.ts'
import { startWorld } from '../support/start-world.ts'

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

test('the counters whose increase alerts are there at 0 before anything has happened, for Prometheus sees no increase in a series that begins at 1', async () => {
  const here = await startWorld({
    settings: {
      lockoutRules: {
        rules: ['observe', 'slow', 'block'].map((stage) => ({ name: `that-may-${stage}`, stage, counts: { 'wrong-asid': 1 } })),
      },
    },
  })
  try {
    const body = await operatorsPage(here, '/metrics')
    const counters = Array.from(readFileSync(file, 'utf8').matchAll(/increase\((\w+)/g), ([, name]) => `${name}`)
    expect(counters.length).toBeGreaterThan(3)
    expect(counters.filter((name) => !new RegExp(`^${name}(\\{.*\\})? 0$`, 'm').test(body))).toEqual([])
    expect(body.match(/(?<=^ssp_lockout_rule_judgements_total).*would="block".*/gm)).toEqual([
      '{rule="that-may-observe",would="block",act="observe"} 0',
      '{rule="that-may-slow",would="block",act="observe"} 0',
      '{rule="that-may-slow",would="block",act="slow"} 0',
      '{rule="that-may-block",would="block",act="observe"} 0',
      '{rule="that-may-block",would="block",act="block"} 0',
    ])
  } finally {
    await here.close()
  }
})
