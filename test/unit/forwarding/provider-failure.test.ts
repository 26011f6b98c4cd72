import { failureOf, ProviderConnectError } from '../../../src/forwarding/provider-failure.ts'

const failing = (code: string | undefined, message = 'm') => failureOf(Object.assign(new Error(message), { code }))

test.each([
  ['ECONNRESET', 'unreachable', 'provider-network'],
  ['EPIPE', 'unreachable', 'provider-network'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'unreachable', 'provider-tls'],
  ['SOMETHING_ELSE', 'unreachable', 'provider-network'],
])('%s is %s, blamed on %s', (code, kind, origin) => {
  expect(failing(code)).toMatchObject({ kind, origin, reason: expect.any(String) })
})

test('what the connector says of itself is kept', () => {
  const failure = { kind: 'loop', origin: 'policy', reason: 'r' } as const
  expect(failureOf(new ProviderConnectError(failure))).toBe(failure)
})

test('even what is no error at all has a failure', () => {
  expect(failureOf({}).kind).toBe('unreachable')
})
