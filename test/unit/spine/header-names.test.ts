import { droppedFromAnswer, foldsToGuardedName, isDroppedFromRequest, isSetByProxy } from '../../../src/spine/header-names.ts'

test.each([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-anything',
  'x-real-ip',
  'x-client-cert',
  'x-client-cert-chain',
  'x-client-certificate',
  'client-cert',
  'client-cert-chain',
  'x-ssl-client-cert',
  'ssl-client-verify',
  'ssl_client_cert',
  'x-arr-clientcert',
  'x-original-url',
  'x-rewrite-url',
  'x_rewrite_url',
  'ssp-verdict',
  'ssp-receipt',
  'ssp_from',
  'ssp_from_',
  'ssp-from_x',
  'content_length',
  'content_type',
  'transfer_encoding',
  'x_forwarded_for',
  'x-forwarded_for',
  'x_real_ip',
  'ssp_verdict',
  'x_http_method_override',
])('%s of a caller is dropped', (name) => {
  expect(isDroppedFromRequest(name)).toBe(true)
})

test.each([
  'ssp-from',
  'ssp-traceid',
  'authorization',
  'host',
  'content-type',
  'accept',
  'x_own_header',
  'patient_id',
  '_',
  'x-forward',
  'x-request-id',
  'client-certainty',
  'x-original-request',
  'cookie',
  'via',
])('%s of a caller is not', (name) => {
  expect(isDroppedFromRequest(name)).toBe(false)
})

test('what the proxy writes itself, but for Connection, may not be named in Connection', () => {
  for (const name of ['forwarded', 'via', 'traceparent', 'host', 'content-length', 'transfer-encoding', 'expect'])
    expect(isSetByProxy(name)).toBe(true)
  for (const name of ['connection', 'close', 'keep-alive', 'te', 'x-own']) expect(isSetByProxy(name)).toBe(false)
})

test('the deciding names are guarded', () => {
  for (const name of ['ssp-from', 'ssp-x', 'authorization', 'host', 'content-md5']) expect(foldsToGuardedName(name)).toBe(true)
  for (const name of ['accept', 'ssp', 'hosts', 'authorization-x']) expect(foldsToGuardedName(name)).toBe(false)
})

test('the list of what is dropped from answers is the one of the decisions', () => {
  const decided = [
    'set-cookie',
    'alt-svc',
    'strict-transport-security',
    'clear-site-data',
    'nel',
    'report-to',
    'public-key-pins',
    'ssp-verdict',
    'ssp-receipt',
  ]
  for (const name of decided) expect(droppedFromAnswer.has(name)).toBe(true)
  for (const name of ['etag', 'cache-control', 'location', 'server', 'content-type', 'www-authenticate'])
    expect(droppedFromAnswer.has(name)).toBe(false)
})
