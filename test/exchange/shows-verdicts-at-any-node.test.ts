import { join } from 'node:path'
import { callControl } from '../../src/ops/control-client.ts'
import type { ExchangeView } from '../../src/proxy/exchange-view.ts'
import type { Issued } from '../support/certificate-authority.ts'
import { type Answer, call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type PostgresServer, startPostgresServer } from '../support/postgres-server.ts'
import { runSsp } from '../support/run-ssp.ts'
import { beginCall } from '../support/slow-streams.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
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

  /** What the node itself shows, which the other must show alike. */
  async function shownAlike(exchange: string, as: Issued): Promise<ExchangeView> {
    const shown = await shownByOther(exchange, as)
    const own = await call(one, { target: `/ssp/exchanges/${exchange}`, as })
    expect(shown).toEqual(JSON.parse(own.body.toString()))
    return shown
  }

  test('a call that one node forwarded is shown whole by another to both parties, and to nobody else', async () => {
    const { exchange } = await call(one)
    const { consumer, provider, stranger } = one.certificates
    const verdict = { code: 'ANSWERED', origin: 'none', rule: 'provider-exchange' }
    const shown = { exchange, end: 'complete', verdict, receipt: { log: 'one/main' } }
    const timed = { admission: expect.any(Number), provider: expect.any(Number), total: expect.any(Number) }
    expect(await shownAlike(exchange, consumer)).toMatchObject({ ...shown, party: 'consumer', status: 200, phases: timed })
    const toProvider = await shownAlike(exchange, provider)
    expect(toProvider).toMatchObject({ ...shown, party: 'provider', providerStatus: 200 })
    expect(toProvider.phases).toEqual({ provider: expect.any(Number) })
    expect((await call(other, { target: `/ssp/exchanges/${exchange}`, as: stranger })).status).toBe(404)
  })

  test('a refusal of one node is shown by another to the consumer with what was found, and is unknown to the provider', async () => {
    const { exchange } = await call(one, { interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:nothing-1' })
    const { consumer, provider } = one.certificates
    expect(await shownAlike(exchange, consumer)).toMatchObject({
      end: 'refused',
      status: 403,
      verdict: { code: 'SENDER_NOT_ACCREDITED', found: expect.stringContaining('search:nothing-1 is not among them') },
      phases: { admission: expect.any(Number) },
    })
    expect((await call(other, { target: `/ssp/exchanges/${exchange}`, as: provider })).status).toBe(404)
  })

  test('a call that was refused before its sender was proven is shown by another node to the certificate that made it', async () => {
    const { exchange } = await call(one, { headers: { 'Ssp-To': '12' } })
    const { consumer, stranger } = one.certificates
    expect(await shownAlike(exchange, consumer)).toMatchObject({ verdict: { code: 'SSP_HEADERS_INVALID', found: expect.any(String) } })
    expect((await call(other, { target: `/ssp/exchanges/${exchange}`, as: stranger })).status).toBe(404)
  })

  test('what is for operators alone is told by the log of its node, not by the index: not to the party, nor to another node’s operator', async () => {
    const made = await callControl(one.proxy.socketPath, 'POST', '/lockouts', { asid: world.consumer.asid, reason: 'key stolen' })
    const { exchange } = await call(one)
    await callControl(one.proxy.socketPath, 'DELETE', `/lockouts/${(made.body as { id: string }).id}`)
    const shown = await shownAlike(exchange, one.certificates.consumer)
    expect(shown.verdict).toMatchObject({ code: 'ACCESS_DENIED', rule: 'lockout' })
    expect(JSON.stringify(shown)).not.toMatch(/stolen|found/)
    const trace = (node: World) => runSsp(['trace', exchange], { SSP_CONFIG: join(node.directory, 'config.yaml') })
    expect((await trace(one)).out).toContain('key stolen')
    const { out } = await trace(other)
    expect(out).toContain('\nverdict   ACCESS_DENIED\nexpected  ')
    expect(out).toContain('\nphases    admission ')
    expect(out).toContain('Its records are in the log one/main')
    expect(out).not.toContain('stolen')
  })

  test('a call that broke off has its verdict at another node', async () => {
    const usual = one.provider.answer
    let cut: (() => void) | undefined
    one.provider.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' }).write('{"resourceType":')
      cut = () => response.destroy()
    }
    try {
      const begun = await beginCall(one)
      await until('the answer has begun', () => begun.bytes() > 0)
      cut?.()
      expect(await begun.ended).toBe('cut')
      for (const as of [one.certificates.consumer, one.certificates.provider])
        expect(await shownAlike(begun.exchange, as)).toMatchObject({
          ...{ end: 'aborted', providerStatus: 200 },
          verdict: { code: 'ANSWER_CUT_BY_NETWORK', origin: 'provider-network' },
        })
    } finally {
      one.provider.answer = usual
    }
  })
})
