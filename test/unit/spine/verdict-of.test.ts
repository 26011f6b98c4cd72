import { admission } from '../../../src/proxy/admission.ts'
import { type RefusalCode, refusals } from '../../../src/spine/refusal.ts'
import { verdicts } from '../../../src/spine/verdict-catalogue.ts'
import type { VerdictMeaning } from '../../../src/spine/verdict-meaning.ts'
import { verdictOfAnswer, verdictOfCut, verdictOfRefusal } from '../../../src/spine/verdict-of.ts'

const catalogue: Readonly<Record<string, VerdictMeaning>> = verdicts

test.each(Object.entries(refusals))('the refusal %s and its verdict name the same fault domain', (code, { origin }) => {
  expect(catalogue[verdictOfRefusal(code as RefusalCode, '', origin)]?.origin).toBe(origin)
})

test('BAD_REQUEST is no verdict: each check that refuses with it has one of its own', () => {
  const checks = admission.entries.filter(({ codes }) => codes.includes('BAD_REQUEST')).map(({ name }) => name)
  expect(new Set(checks.map((name) => verdictOfRefusal('BAD_REQUEST', name, 'consumer'))).size).toBe(checks.length)
  expect(checks.length).toBeGreaterThan(3)
  expect(catalogue['BAD_REQUEST']).toBeUndefined()
})

test.each([
  ['PROVIDER_TIMEOUT', 'provider-network', 'PROVIDER_CONNECT_TIMEOUT'],
  ['PROVIDER_TIMEOUT', 'provider-tls', 'PROVIDER_TLS_TIMEOUT'],
  ['PROVIDER_TIMEOUT', 'provider', 'PROVIDER_TIMEOUT'],
  ['PROVIDER_TIMEOUT', 'consumer-network', 'CONSUMER_READS_TOO_SLOWLY'],
  ['PROVIDER_UNREACHABLE', 'provider-network', 'PROVIDER_UNREACHABLE'],
  ['PROVIDER_UNREACHABLE', 'policy', 'PROVIDER_ADDRESS_FORBIDDEN'],
  ['PROVIDER_BUSY', 'consumer-network', 'CONSUMER_GONE'],
  ['PROVIDER_BUSY', 'provider', 'PROVIDER_BUSY'],
  ['INTERNAL_SERVER_ERROR', 'proxy', 'INTERNAL_SERVER_ERROR'],
] as const)('%s of %s is the verdict %s, which names that fault domain', (code, origin, verdict) => {
  expect(verdictOfRefusal(code, 'provider-exchange', origin)).toBe(verdict)
  expect(catalogue[verdict]?.origin).toBe(origin)
})

test('O4: what a certificate learns of an Ssp-From that is not its own is the same, whether that is registered or not', () => {
  expect(verdictOfRefusal('BAD_CERTIFICATE', 'identity-binding', 'consumer')).toBe('CERTIFICATE_NOT_BOUND')
  expect(verdictOfRefusal('BAD_CERTIFICATE', 'client-certificate', 'consumer')).toBe('BAD_CERTIFICATE')
})

test('an answer below 400 is nobody’s fault, one below 500 a refusal of the provider’s, any other its error; two say that it is busy', () => {
  expect([200, 304, 399].map(verdictOfAnswer)).toEqual(['ANSWERED', 'ANSWERED', 'ANSWERED'])
  expect([400, 404, 499].map(verdictOfAnswer)).toEqual(Array(3).fill('PROVIDER_ANSWERED_REFUSAL'))
  expect([429, 503].map(verdictOfAnswer)).toEqual(Array(2).fill('PROVIDER_ANSWERED_BUSY'))
  expect([500, 504, 599].map(verdictOfAnswer)).toEqual(Array(3).fill('PROVIDER_ANSWERED_ERROR'))
})

test.each(['provider', 'provider-network', 'provider-tls', 'consumer-network'] as const)(
  'an answer that is cut by the doing of %s has a verdict of that fault domain',
  (origin) => {
    expect(catalogue[verdictOfCut(origin)]?.origin).toBe(origin)
  },
)

test('whoever need not act is not told to, and a call that went well needs no retry', () => {
  for (const { origin, who, retry } of Object.values(catalogue))
    expect([origin === 'none', who === 'nobody', retry === 'needless']).toEqual(Array(3).fill(origin === 'none'))
})

test.each([
  'CONSUMER_GONE',
  'CONSUMER_READS_TOO_SLOWLY',
  'ANSWER_CUT_BY_PROVIDER',
  'ANSWER_CUT_BY_NETWORK',
  'ANSWER_CUT_BY_TLS',
  'PROVIDER_UNREACHABLE',
  'PROVIDER_ANSWER_INVALID',
  'PROVIDER_TIMEOUT',
  'SHUTTING_DOWN',
])('of %s, which may end a call that the provider had been given, nobody is told to send a write again unasked', (verdict) => {
  expect(catalogue[verdict]?.next).toMatch(/may have been carried out: ask before a write is sent again\.$/)
})
