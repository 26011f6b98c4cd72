import { tokenClaims, unsignedToken } from '../../src/cli/token-claims.ts'
import { call, tokenFor } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row13: ExpectedRefusal = {
  status: 400,
  rule: 'access-token',
  origin: 'consumer',
  code: 'BAD_REQUEST',
  issue: 'invalid',
  text: 'BAD_REQUEST',
}
const seconds = () => Math.floor(Date.now() / 1000)
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
const changed = (change: Readonly<Record<string, unknown>>) => bearer(tokenFor(world.searchPatient, change))
const fault = (detail: unknown) => [{ header: 'Authorization', detail }]
const section = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const unsigned = section({ alg: 'none', typ: 'JWT' })

test.each<readonly [string, () => string, RegExp]>([
  ['two sections', () => tokenFor(world.searchPatient).slice(0, -1), /2 sections and not 3/],
  ['four sections', () => `${tokenFor(world.searchPatient)}.`, /4 sections and not 3/],
  ['a header that is not base64url', () => `e+30.${section({})}.`, /header section is not base64url/],
  ['padding', () => `${unsigned}.${section({})}==.`, /claims section is not base64url/],
  ['claims that are not JSON', () => `${unsigned}.${section('{"a":}')}.`, /not JSON/],
  ['claims that are an array', () => `${unsigned}.${section([])}.`, /not a JSON object/],
  ['a claim twice', () => `${unsigned}.${section('{"iss":"a","iss":"b"}')}.`, /stands twice/],
  ['a claim twice in two spellings', () => `${unsigned}.${section('{"iss":"a","\\u0069ss":"b"}')}.`, /stands twice/],
  ['nesting without end', () => `${unsigned}.${section(`${'['.repeat(3000)}${']'.repeat(3000)}`)}.`, /deeper than/],
  ['no algorithm', () => `${section({})}.${section({})}.`, /names no algorithm/],
  ['critical extensions', () => `${section({ alg: 'none', crit: ['x'] })}.${section({})}.`, /critical extensions/],
  ['alg none and a signature', () => `${tokenFor(world.searchPatient)}AAAA`, /carries a signature/],
  ['a signature for which there is no key', () => `${section({ alg: 'RS256' })}.${section({})}.AAAA`, /RS256.*no key is registered/],
  ['another spelling of none', () => `${section({ alg: 'None' })}.${section({})}.`, /no key is registered/],
])('H8: a token with %s is answered 400, saying so', async (_name, token, detail) => {
  await expectRefusal(here, bearer(token()), { ...row13, faults: fault(expect.stringMatching(detail)), reason: detail })
})

test.each<readonly [string, () => Readonly<Record<string, unknown>>, RegExp]>([
  ['no iss', () => ({ iss: undefined }), /^iss: must be present/],
  ['an empty sub', () => ({ sub: ' ' }), /^sub: must be present/],
  ['no aud', () => ({ aud: null }), /^aud: must be present/],
  ['exp = iat + 299', () => ({ exp: seconds() + 299, iat: seconds() }), /^exp: must be iat \+ 300; it is iat \+ 299/],
  ['exp = iat + 301', () => ({ exp: seconds() + 301, iat: seconds() }), /\+ 301/],
  ['exp before iat', () => ({ exp: seconds() - 10, iat: seconds() }), /iat - 10/],
  ['exp as a text', () => ({ exp: String(seconds() + 300) }), /^exp: must be a whole number/],
  ['iat with a fraction', () => ({ iat: seconds() + 0.5 }), /^iat: must be a whole number/],
  ['a clock 600 s slow', () => ({ iat: seconds() - 600, exp: seconds() - 300 }), /^exp: the token expired \d+ seconds ago/],
  ['a clock 600 s fast', () => ({ iat: seconds() + 600, exp: seconds() + 900 }), /^iat: lies \d+ seconds ahead/],
  ['another reason', () => ({ reason_for_request: 'secondaryuses' }), /^reason_for_request: must be one of directcare, migration$/],
  ['another scope', () => ({ requested_scope: 'organization/*.read' }), /^requested_scope: must be patient\/\*\.read/],
  ['two scopes', () => ({ requested_scope: 'patient/*.read patient/*.write' }), /^requested_scope/],
  ['no requested_scope', () => ({ requested_scope: undefined }), /^requested_scope/],
  ['no requesting_device', () => ({ requesting_device: undefined }), /^requesting_device: must be present/],
  ['requesting_organization null', () => ({ requesting_organization: null }), /^requesting_organization: must be present/],
  ['sub of somebody else', () => ({ sub: '2' }), /^sub: must equal requesting_practitioner\.id/],
])('H8: %s is answered 400, naming the claim', async (_name, change, detail) => {
  await expectRefusal(here, changed(change()), { ...row13, faults: fault(expect.stringMatching(detail)), reason: detail })
})

test.each<readonly [string, unknown, string]>([
  ['requesting_device', { resourceType: 'Patient' }, 'Device'],
  ['requesting_organization', 'T77777', 'Organization'],
  ['requesting_practitioner', [], 'Practitioner'],
])('H8: %s of another kind is answered 422', async (claim, value, type) => {
  await expectRefusal(here, changed({ [claim]: value }), {
    ...row13,
    status: 422,
    code: 'INVALID_RESOURCE',
    text: 'INVALID_RESOURCE',
    faults: fault(`${claim}: must be a resource of type ${type}`),
  })
})

test('several faults come at once', async () => {
  const faults = [/^iss/, /^exp/, /^reason_for_request/, /^requesting_device/].flatMap((detail) => fault(expect.stringMatching(detail)))
  await expectRefusal(here, changed({ iss: '', exp: 1, reason_for_request: 'x', requesting_device: null }), { ...row13, faults })
})

test.each<readonly [string, () => Readonly<Record<string, unknown>>]>([
  ['a clock 200 s fast', () => ({ iat: seconds() + 200, exp: seconds() + 500 })],
  ['an expiry within the skew', () => ({ iat: seconds() - 303, exp: seconds() - 3 })],
  ['conf/R beside the scope', () => ({ requested_scope: 'patient/*.read conf/R' })],
  ['reason migration', () => ({ reason_for_request: 'migration' })],
])('%s passes', async (_name, change) => {
  expect((await call(here, changed(change()))).status).toBe(200)
})

test('an audience of the past, and an organisation that is not that of Ssp-From, pass and are recorded', async () => {
  const organisation = {
    resourceType: 'Organization',
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'T66666' }],
  }
  const change = { aud: 'https://authorize.fhir.nhs.net/token', requesting_organization: organisation }
  const { forwarding } = await forwardedRecords(here, await call(here, changed(change)))
  expect(forwarding.observed).toEqual([
    { rule: 'access-token', code: 'REMARK', reason: 'aud is not the registered endpoint' },
    { rule: 'access-token', code: 'REMARK', reason: 'requesting_organization is not the organisation of Ssp-From' },
  ])
})

test('the registered endpoint may be one audience of several (RFC 7519, 4.1.3)', async () => {
  const observedOf = async (aud: readonly string[]) =>
    (await forwardedRecords(here, await call(here, changed({ aud })))).forwarding.observed
  expect(await observedOf(['https://other.nhs.uk', world.root])).toEqual([])
  expect(await observedOf(['https://other.nhs.uk'])).toEqual([
    { rule: 'access-token', code: 'REMARK', reason: 'aud is not the registered endpoint' },
  ])
})

test('tokens of all three profiles pass, and their claims are recorded', async () => {
  const { asid, odsCode, partyKey } = world.consumer
  for (const profile of ['stu3', 'dstu2', 'flat'] as const) {
    const consumer = { asid, odsCode, partyKey, interactions: new Set<string>() }
    const claims = tokenClaims({ profile, consumer, endpointUrl: world.root, scope: 'patient/*.read', issuedAt: seconds() })
    const answer = await call(here, { ...bearer(unsignedToken(claims)) })
    expect([profile, answer.status]).toEqual([profile, 200])
    expect((await forwardedRecords(here, answer)).forwarding.personal.claims).toBe(JSON.stringify(claims))
  }
})

test('the flat profile has reasons of its own, and its own parties', async () => {
  const { asid, odsCode, partyKey } = world.consumer
  const consumer = { asid, odsCode, partyKey, interactions: new Set<string>() }
  const claims = tokenClaims({ profile: 'flat', consumer, endpointUrl: world.root, scope: 'patient/*.read', issuedAt: seconds() })
  for (const reason of ['secondaryuses', 'patientaccess'])
    expect((await call(here, bearer(unsignedToken({ ...claims, reason_for_request: reason })))).status).toBe(200)
  const faulty = unsignedToken({ ...claims, sub: 'somebody' })
  await expectRefusal(here, bearer(faulty), { ...row13, faults: fault(expect.stringMatching(/^sub: must equal requesting_user/)) })
})
