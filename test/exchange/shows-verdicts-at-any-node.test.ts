import type { ExchangeView } from '../../src/proxy/exchange-view.ts'
import type { Issued } from '../support/certificate-authority.ts'
import { type Answer, call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

whereInstalled('initdb', (initdb) => {
  let server: PostgresServer
  let one: World
  let other: World
  beforeAll(async () => {
    server = await startPostgresServer(initdb)
    const index = { kind: 'postgres', postgres: { ...server.settings } }
    one = await startWorld({ settings: { index, audit: { node: 'one' } } })
    other = await startWorld({ settings: { index, audit: { node: 'other' } } })
  })
  afterAll(async () => {
    await other?.close()
    await one?.close()
    await server.close()
  })

  /** What the other node shows of a call of the first, once it is indexed with its end. */
  async function shownByOther(exchange: string, as: Issued): Promise<ExchangeView> {
    let answer: Answer | undefined
    await until('the exchange is shown', async () => {
      answer = await call(other, { target: `/ssp/exchanges/${exchange}`, as })
      return answer.status === 200 && (JSON.parse(answer.body.toString()) as ExchangeView).end !== 'open'
    })
    return JSON.parse((answer as Answer).body.toString())
  }

  test('a call that one node forwarded is shown by another to both parties, as far as the common index knows, and to nobody else', async () => {
    const { exchange } = await call(one)
    const { consumer, provider, stranger } = one.certificates
    const verdict = { code: 'ANSWERED', origin: 'none', rule: 'provider-exchange' }
    const shown = { exchange, end: 'complete', verdict, receipt: { log: 'one/main' }, partial: true }
    expect(await shownByOther(exchange, consumer)).toMatchObject({ ...shown, party: 'consumer', status: 200 })
    expect(await shownByOther(exchange, provider)).toMatchObject({ ...shown, party: 'provider', providerStatus: 200 })
    expect((await call(other, { target: `/ssp/exchanges/${exchange}`, as: stranger })).status).toBe(404)
  })

  test('a refusal of one node is shown by another to the consumer, and is unknown to the provider', async () => {
    const { exchange } = await call(one, { interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:nothing-1' })
    const { consumer, provider } = one.certificates
    expect(await shownByOther(exchange, consumer)).toMatchObject({
      end: 'refused',
      status: 403,
      verdict: { code: 'SENDER_NOT_ACCREDITED' },
    })
    expect((await call(other, { target: `/ssp/exchanges/${exchange}`, as: provider })).status).toBe(404)
  })
})
