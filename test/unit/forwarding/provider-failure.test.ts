import { failureOf, ProviderConnectError } from '../../../src/forwarding/provider-failure.ts'

const failing = (code: string | undefined, message = 'm') => failureOf(Object.assign(new Error(message), { code }))

test.each([
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'provider'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout', 'provider'],
  ['UND_ERR_SOCKET', 'unreachable', 'provider-network'],
  ['ECONNRESET', 'unreachable', 'provider-network'],
  ['EPIPE', 'unreachable', 'provider-network'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unreachable', 'provider-tls'],
  ['UND_ERR_HEADERS_OVERFLOW', 'unreachable', 'provider'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'unreachable', 'provider'],
  ['SOMETHING_ELSE', 'unreachable', 'provider'],
])('%s is %s, blamed on %s', (code, kind, origin) => {
  expect(failing(code)).toMatchObject({ kind, origin, reason: expect.any(String) })
})

test('what the connector says of itself is kept', () => {
  const failure = { kind: 'loop', origin: 'policy', reason: 'r' } as const
  expect(failureOf(new ProviderConnectError(failure))).toBe(failure)
})

test('an answer that is no HTTP, and an interim answer that never ends, are the provider’s doing', () => {
  expect(failureOf(Object.assign(new Error('Expected HTTP/'), { name: 'HTTPParserError' }))).toEqual({
    kind: 'unreachable',
    origin: 'provider',
    reason: "the provider's answer is not HTTP (Expected HTTP/)",
  })
  for (const message of ['bad upgrade', 'bad response']) expect(failing('UND_ERR_SOCKET', message).origin).toBe('provider')
})

test('even what is no error at all has a failure', () => {
  expect(failureOf({}).kind).toBe('unreachable')
})
