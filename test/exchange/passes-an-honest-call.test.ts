import { call } from '../support/consumer.ts'
import { entriesWith } from '../support/expect-refusal.ts'
import { smallBundle } from '../support/fake-provider.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

test('an honest call reaches the provider and its answer comes back, with verdict, receipt, timing and both audit records', async () => {
  const answer = await call(here)
  expect(answer.status).toBe(200)
  expect(answer.body.toString()).toBe(smallBundle)
  expect(answer.verdict).toEqual({ origin: 'none', rule: 'provider-exchange' })
  expect(answer.headers['ssp-receipt']).toMatch(/^log="test\/main", index=\d+, leaf=/)
  expect(answer.headers['server-timing']).toMatch(/ssp-admission;dur=.*ssp-audit;dur=.*ssp-provider;dur=/)
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
  expect(here.provider.received.at(-1)?.target).toBe('/T99999/STU3/1/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018')
  const entries = await entriesWith(here, answer.exchange, 'outcome')
  expect(entries.map((entry) => entry.type)).toEqual(['forwarding', 'outcome'])
  expect(entries[1]).toMatchObject({ end: 'complete', status: 200, providerStatus: 200, origin: 'none', responseBytes: smallBundle.length })
  expect(entries[0]).toMatchObject({
    request: { from: world.consumer.asid, to: world.provider.asid },
    organisations: { from: 'T77777', to: 'T99999' },
  })
})
