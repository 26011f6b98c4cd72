import { join } from 'node:path'
import { callControl } from '../../../src/ops/control-client.ts'
import { call } from '../../support/consumer.ts'
import { expectToldVerdict } from '../../support/expect-verdict.ts'
import { runSsp } from '../../support/run-ssp.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

async function faultOf(exchange: string): Promise<string | undefined> {
  const { out } = await runSsp(['trace', exchange], { SSP_CONFIG: join(here.directory, 'config.yaml') })
  return /^fault {5}(.*)$/m.exec(out)?.[1]
}

test.each([
  ['PROVIDER_ANSWERED_ERROR', 500, /^the provider’s: it answered with an error, .* \(provider, rule provider-exchange\)$/],
  ['PROVIDER_ANSWERED_REFUSAL', 404, /^as the provider’s answer says: it does not take .* \(provider, rule provider-exchange\)$/],
] as const)('%s: the story says whose fault an answer of %d is', async (verdict, status, fault) => {
  here.provider.answer = (_request, response) => response.writeHead(status).end('{}')
  const { exchange } = await call(here)
  await expectToldVerdict(here, exchange, verdict)
  expect(await faultOf(exchange)).toMatch(fault)
})

test('ACCESS_DENIED: the story of a locked-out system does not lay it on the directory alone', async () => {
  const { status } = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.consumer.asid, reason: 'key stolen' })
  expect(status).toBe(201)
  const { exchange, code } = await call(here)
  expect(code).toBe('ACCESS_DENIED')
  await expectToldVerdict(here, exchange, 'ACCESS_DENIED')
  expect(await faultOf(exchange)).toMatch(/^neither party’s: .* or the operator do not allow it \(policy, rule lockout\)$/)
})
