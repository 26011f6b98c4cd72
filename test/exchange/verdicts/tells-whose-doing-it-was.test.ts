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

test('PROVIDER_ANSWERED_ERROR: the story says that the provider answered with an error', async () => {
  here.provider.answer = (_request, response) => response.writeHead(404).end('{}')
  const { exchange } = await call(here)
  await expectToldVerdict(here, exchange, 'PROVIDER_ANSWERED_ERROR')
  expect(await faultOf(exchange)).toMatch(/^the provider’s: it answered with an error, .* \(provider, rule provider-exchange\)$/)
})

test('ACCESS_DENIED: the story of a locked-out system does not lay it on the directory alone', async () => {
  const { status } = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.consumer.asid, reason: 'key stolen' })
  expect(status).toBe(201)
  const { exchange, code } = await call(here)
  expect(code).toBe('ACCESS_DENIED')
  await expectToldVerdict(here, exchange, 'ACCESS_DENIED')
  expect(await faultOf(exchange)).toMatch(/^neither party’s: .* or the operator do not allow it \(policy, rule lockout\)$/)
})
