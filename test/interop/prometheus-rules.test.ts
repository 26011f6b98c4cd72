import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { operatorsPage } from '../support/operators-page.ts'
import { runProgram, whereInstalled } from '../support/outside-program.ts'
import { checkout } from '../support/run-ssp.ts'
import { startWorld } from '../support/start-world.ts'

const file = join(checkout, 'config/prometheus-rules.example.yaml')
const tests = join(checkout, 'config/prometheus-rules.test.yaml')

whereInstalled('promtool', (program) => {
  test('the example of rules for Prometheus is valid, and promtool would notice where it is not', async () => {
    const checked = await runProgram(program, ['check', 'rules', file])
    expect([checked.code, checked.out.toString()]).toEqual([0, expect.stringMatching(/SUCCESS: [1-9]/)])
    expect((await runProgram(program, ['check', 'rules', join(checkout, 'package.json')])).code).not.toBe(0)
  })

  test('each alert is given for what it is meant for, in the words that are meant, and for nothing else', async () => {
    const run = await runProgram(program, ['test', 'rules', tests])
    expect([run.code, run.error]).toEqual([0, ''])
  })
})

test('of each alert there is a test in which it is given, and one in which it is not', () => {
  const rules = parse(readFileSync(file, 'utf8')) as { groups: { rules: { alert: string }[] }[] }
  const asked = parse(readFileSync(tests, 'utf8')) as { tests: { alert_rule_test: { alertname: string; exp_alerts?: object[] }[] }[] }
  const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert)).sort()
  const cases = asked.tests.flatMap((one) => one.alert_rule_test)
  const namesOf = (given: boolean) => new Set(cases.filter((one) => (one.exp_alerts !== undefined) === given).map((one) => one.alertname))
  expect([...namesOf(true)].sort()).toEqual(alerts)
  expect([...namesOf(false)].sort()).toEqual(alerts)
})

test.each([file, tests])('every metric that %s names is one of the proxy’s, and so is each of its labels', (path) => {
  const labelsOf = new Map(
    Array.from(
      readFileSync(join(checkout, 'docs/metrics.md'), 'utf8').matchAll(/^\| `(ssp_\w+)` \| \w+ \| ([^|]*) \|/gm),
      ([, name, labels]) => [name, Array.from(labels?.matchAll(/\w+/g) ?? [], String)],
    ),
  )
  const named = Array.from(readFileSync(path, 'utf8').matchAll(/\b(ssp_[a-z_]+)(?:\{([^}]*)\})?/g))
  expect(named.length).toBeGreaterThan(4)
  const unknown = named.filter(([, name = '', selector = '']) => {
    const labels = labelsOf.get(name.replace(/_bucket$/, ''))
    const asked = Array.from(selector.matchAll(/(?:^|,)(\w+)/g), ([, label]) => `${label}`)
    return labels === undefined || asked.some((label) => !['instance', 'le', ...labels].includes(label))
  })
  expect(unknown.map(String)).toEqual([])
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
    expect(counters.length).toBeGreaterThan(5)
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
