import { call } from '../../support/consumer.ts'
import { expectRefusedAnswer } from '../../support/expect-refusal.ts'
import { runSsp } from '../../support/run-ssp.ts'
import { world } from '../../support/start-world.ts'
import { metricOn, pageOf } from '../../support/start-world-process.ts'
import { startTwoProviders, type TwoProviders } from '../../support/two-providers.ts'

let all: TwoProviders
beforeAll(async () => {
  all = await startTwoProviders({ forwarding: { breaker: { minimumCalls: 3, openSeconds: 60 } } })
})
afterAll(() => all.close())

const host = world.provider.fqdn
const breaker = (...args: string[]) => runSsp(['breaker', ...args, '--config', `${all.here.directory}/config.yaml`])
const page = async (path: string) => (await pageOf(all.here.proxy.opsPort, all.here, path)).body

test('held open, no call passes, others do; readiness and metrics say so; released, calls pass again; each act is in the audit', async () => {
  expect((await call(all.here)).status).toBe(200)
  expect(await breaker('hold-open', '--host', host, '--reason', 'planned works')).toMatchObject({
    code: 0,
    out: expect.stringMatching(`^${host} held-open limit`),
  })
  expectRefusedAnswer(await call(all.here), {
    ...{ status: 503, rule: 'provider-capacity', origin: 'provider', code: 'PROVIDER_UNAVAILABLE', issue: 'transient' },
    ...{ text: 'PROVIDER_UNAVAILABLE', closes: false },
  })
  expect((await call(all.here, all.toSecond)).status).toBe(200)
  expect(await page('/readyz?verbose')).toContain('providers: 1 of 2 circuits are not closed')
  const metrics = await page('/metrics')
  expect(metricOn(metrics, `ssp_provider_circuit_closed\\{host="${host}"\\}`)).toBe(0)
  expect(metrics).not.toContain(`ssp_provider_circuit_closed{host="${all.secondHost}"`)
  expect((await breaker('list')).out).toMatch(`${host} held-open`)
  expect((await breaker('release', '--host', host, '--reason', 'done')).code).toBe(0)
  expect((await call(all.here)).status).toBe(200)
  expect((await breaker('list')).out).toBe('')
  const acts = all.here.audit().flatMap((entry) => (entry.type === 'operation' ? [entry] : []))
  expect(acts.filter(({ act }) => act.startsWith('circuit-')).map(({ act, detail }) => [act, detail])).toEqual([
    ['circuit-hold-open', { host, reason: 'planned works' }],
    ['circuit-release', { host, reason: 'done' }],
  ])
})

test('held closed, failures open nothing; released, they do', async () => {
  const usual = all.here.provider.answer
  all.here.provider.answer = (_request, response) => response.writeHead(503).end()
  expect((await breaker('hold-closed', '--host', host, '--reason', 'we watch it')).code).toBe(0)
  const rules = async () => (await call(all.here)).verdict.rule
  for (let nth = 0; nth < 6; nth++) expect(await rules()).toBe('provider-exchange')
  expect((await breaker('release', '--host', host, '--reason', 'seen')).code).toBe(0)
  const after: string[] = []
  for (let nth = 0; nth < 6; nth++) after.push(await rules())
  expect(after).toContain('provider-capacity')
  all.here.provider.answer = usual
})

test('a host that is not registered cannot be held', async () => {
  const { code, error } = await breaker('hold-open', '--host', 'elsewhere.example', '--reason', 'x')
  expect([code, error]).toEqual([1, 'No provider of this host is registered.\n'])
})
