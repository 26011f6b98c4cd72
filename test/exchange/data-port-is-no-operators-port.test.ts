import { request } from 'node:https'
import { callControl } from '../../src/ops/control-client.ts'
import type { Issued } from '../support/certificate-authority.ts'
import { wireText } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { badCertificate, expectNothingLeft, expectRefused, expectRefusedRequest, malformed, sayUntilEnd } from '../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterEach(() => expectNothingLeft(here))
afterAll(() => here.close())

const acts = () => here.audit().filter((entry) => entry.type === 'operation' && entry.act !== 'start')

/** One call on the operators' port. */
function operators(
  method: string,
  path: string,
  { as, headers = {}, body }: { readonly as?: Issued; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: here.proxy.opsPort,
        servername: 'localhost',
        ca: here.certificates.authority.certificatePem,
        ...(as && { cert: as.chainPem, key: as.keyPem }),
        agent: false,
        method,
        path,
        headers: { Host: 'localhost', 'Content-Type': 'application/json', ...headers },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, type: String(response.headers['content-type']), text }))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('A1: the data port serves nothing of the operators’', () => {
  test.each(['/livez', '/readyz?verbose', '/metrics', '/version', '/config', '/lockouts', '/reload', '/lockouts/1'])(
    '%s is a malformed call to it, whoever asks',
    async (path) => {
      await expectRefusedRequest(here, wireText({ target: path }), malformed)
      await expectRefusedRequest(here, wireText({ method: 'POST', target: path }), malformed)
      expect(acts()).toEqual([])
    },
  )

  test('an operator’s certificate is nobody’s there', async () => {
    const [answer] = await sayUntilEnd(here, wireText(), here.certificates.operator)
    await expectRefused(here, answer, badCertificate)
  })

  test('nor is a provider that is registered at the operators’ address reached through it (O9)', async () => {
    await expectRefusedRequest(here, wireText({ target: `/https://127.0.0.1:${here.proxy.opsPort}/config` }), {
      status: 400,
      code: 'ENDPOINT_VARIES',
      rule: 'registered-endpoint',
    })
  })
})

describe('A1: the operators’ port refuses, does nothing and says so', () => {
  const lockout = JSON.stringify({ asid: world.consumer.asid, reason: 'r' })
  test.each<readonly [string, () => Parameters<typeof operators>[2], number]>([
    ['nobody', () => ({}), 403],
    ['a consumer', () => ({ as: here.certificates.consumer }), 403],
    ['the proxy’s own certificate', () => ({ as: here.certificates.server }), 403],
    [
      'a consumer that says it comes from this machine',
      () => ({ as: here.certificates.consumer, headers: { 'X-Real-IP': '127.0.0.1', 'X-Forwarded-For': '127.0.0.1' } }),
      403,
    ],
    [
      'a consumer with an operator’s certificate in a header',
      () => ({ as: here.certificates.consumer, headers: { 'X-Client-Cert': 'x', 'X-SSL-Client-Verify': 'SUCCESS' } }),
      403,
    ],
    ['a key of old defaults', () => ({ headers: { 'X-API-KEY': 'edd1c9f034335f136f87ad84b625c8f1', Authorization: 'Bearer admin' } }), 403],
    ['an operator by a name that is not ours', () => ({ as: here.certificates.operator, headers: { Host: 'evil.example' } }), 421],
    [
      'an operator’s browser, sent by another site',
      () => ({ as: here.certificates.operator, headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' } }),
      403,
    ],
    ['an operator’s browser, by a form', () => ({ as: here.certificates.operator, headers: { 'Content-Type': 'text/plain' } }), 415],
    [
      'an operator, with another method in a header',
      () => ({ as: here.certificates.operator, headers: { 'X-HTTP-Method-Override': 'DELETE', Host: 'localhost', Origin: 'null' } }),
      403,
    ],
  ])('%s', async (_who, caller, status) => {
    const before = acts().length
    for (const [path, body] of [
      ['/lockouts', lockout],
      ['/reload', '{}'],
    ] as const) {
      const answer = await operators('POST', path, { ...caller(), body })
      expect([answer.status, answer.type]).toEqual([status, 'application/problem+json; charset=utf-8'])
      expect(JSON.parse(answer.text)).toEqual({ title: expect.any(String), status, detail: expect.any(String) })
      expect(answer.text).not.toMatch(/\.ts|node:| at /)
    }
    expect(acts()).toHaveLength(before)
    expect((await callControl(here.proxy.socketPath, 'GET', '/lockouts')).body).toEqual({ lockouts: [] })
  })
})

describe('A2: what an operator sends is no more than it says', () => {
  const base = { asid: '200000000399', reason: 'r' }
  test.each<readonly [string, string]>([
    ['a field nobody asked for', JSON.stringify({ ...base, id: 'mine' })],
    ['who did it', JSON.stringify({ ...base, actor: 'somebody else' })],
    ['when', JSON.stringify({ ...base, at: 0 })],
    ['__proto__', `{"asid":"200000000399","reason":"r","__proto__":{"actor":"x"}}`],
    ['constructor', JSON.stringify({ ...base, constructor: { prototype: {} } })],
    ['two parties', JSON.stringify({ ...base, partyKey: 'T77777-7777777' })],
    ['a list', JSON.stringify([base])],
    ['a path as a certificate', JSON.stringify({ certificate: '../../../etc/passwd', reason: 'r' })],
    ['a path as an endpoint', JSON.stringify({ endpoint: '../../x', reason: 'r' })],
    ['an object as a party', JSON.stringify({ asid: { $ne: '' }, reason: 'r' })],
    ['10 MB in a few kilobytes', `{"asid":"200000000399","reason":"${'a'.repeat(20_000)}"}`],
  ])('a lockout with %s is refused, and is not made', async (_what, body) => {
    const answer = await operators('POST', '/lockouts', { as: here.certificates.operator, body })
    expect([400, 413]).toContain(answer.status)
    expect(JSON.parse(answer.text)).toMatchObject({ status: answer.status, detail: expect.any(String) })
    expect((await callControl(here.proxy.socketPath, 'GET', '/lockouts')).body).toEqual({ lockouts: [] })
    expect(acts().filter((entry) => entry.type === 'operation' && entry.act === 'lockout-add')).toEqual([])
  })

  test.each(['..%2f..%2fetc', '%2e%2e%2f', '..', '%00', '__proto__', 'constructor', '%zz', 'a'.repeat(5_000)])(
    'a release of %s is refused, and nothing is touched',
    async (id) => {
      const answer = await operators('DELETE', `/lockouts/${id}`, { as: here.certificates.operator })
      expect([400, 404]).toContain(answer.status)
      expect(answer.type).toContain('application/problem+json')
      expect(acts().filter((entry) => entry.type === 'operation' && entry.act === 'lockout-release')).toEqual([])
    },
  )

  test('D6: a compressed body is not unpacked', async () => {
    const answer = await operators('POST', '/lockouts', {
      as: here.certificates.operator,
      headers: { 'Content-Encoding': 'gzip' },
      body: JSON.stringify(base),
    })
    expect(answer.status).toBe(415)
    expect((await callControl(here.proxy.socketPath, 'GET', '/lockouts')).body).toEqual({ lockouts: [] })
  })
})
