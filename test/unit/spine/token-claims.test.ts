import fc from 'fast-check'
import { tokenClaims } from '../../../src/cli/token-claims.ts'
import { findInteraction } from '../../../src/spine/interaction-id.ts'
import { type ClaimContext, faultsOfClaims, organisationOf, profileOf } from '../../../src/spine/token-claims.ts'

const now = 1_790_000_000
const prefix = 'urn:nhs:names:services:gpconnect:'
const context: ClaimContext = {
  now,
  clockSkewSeconds: 5,
  interaction: findInteraction(`${prefix}fhir:rest:search:patient-1`),
  reasons: new Set(['directcare', 'migration']),
}
const consumer = { asid: '200000000359', odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: new Set<string>() }
const claimsOf = (profile: 'stu3' | 'dstu2' | 'flat', scope = 'patient/*.read') =>
  tokenClaims({ profile, consumer, endpointUrl: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1', scope, issuedAt: now })
const faults = (change: object, profile: 'stu3' | 'dstu2' | 'flat' = 'stu3', over: Partial<ClaimContext> = {}) =>
  faultsOfClaims({ ...claimsOf(profile), ...change }, { ...context, ...over }).map(({ claim, kind }) => `${claim}:${kind}`)

test.each(['stu3', 'dstu2', 'flat'] as const)('a valid token of %s is told by its claims and breaks nothing', (profile) => {
  expect(profileOf(claimsOf(profile))).toBe(profile)
  expect(faults({}, profile)).toEqual([])
  expect(organisationOf(claimsOf(profile))).toBe('T77777')
})

test('the token of the published full example (15 minutes of 2016) is of STU3 and only late', () => {
  const example = { ...claimsOf('stu3'), iat: 1469436687, exp: 1469436987 }
  expect(faultsOfClaims(example, context).map(({ claim }) => claim)).toEqual(['exp'])
  expect(faultsOfClaims(example, { ...context, now: 1469436700 })).toEqual([])
})

test.each<readonly [number, number, readonly string[]]>([
  [0, 300, []],
  [0, 299, ['exp:claim']],
  [0, 301, ['exp:claim']],
  [0, -1, ['exp:claim']],
  [300, 600, []],
  [301, 601, ['iat:claim']],
  [-305, -5, []],
  [-306, -6, ['exp:claim']],
  [-1e15, -1e15 + 300, ['exp:claim']],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, ['iat:claim']],
])('iat now%i, exp now%i: %j', (iat, exp, expected) => {
  expect(faults({ iat: now + iat, exp: now + exp })).toEqual(expected)
})

test.each([undefined, null, '1790000000', 1.5, Number.NaN, Number.POSITIVE_INFINITY, {}, true, 2 ** 60])(
  'iat or exp of %p is no time',
  (value) => {
    expect(faults({ iat: value })).toEqual(['iat:claim'])
    expect(faults({ exp: value })).toEqual(['exp:claim'])
  },
)

test.each<readonly [unknown, readonly string[]]>([
  [['https://provider.thirdparty.nhs.uk/T99999/STU3/1'], []],
  [['https://other.nhs.uk', 'https://provider.thirdparty.nhs.uk/T99999/STU3/1'], []],
  [[], ['aud:claim']],
  [[''], ['aud:claim']],
  [['https://other.nhs.uk', 5], ['aud:claim']],
  [[['https://other.nhs.uk']], ['aud:claim']],
  [{ 0: 'https://other.nhs.uk', length: 1 }, ['aud:claim']],
  [5, ['aud:claim']],
])('an audience of %j (one text or several, RFC 7519, 4.1.3): %j', (aud, expected) => {
  expect(faults({ aud })).toEqual(expected)
})

test('a list of iss or sub is no text', () => {
  expect(faults({ iss: ['https://consumer.thirdparty.nhs.uk/'] })).toEqual(['iss:claim'])
  expect(faults({ sub: ['1'] })).toContain('sub:claim')
})

test('the fixed audience of DSTU2 tells its tokens in a list too', () => {
  const { requested_record: _, ...claims } = claimsOf('dstu2')
  expect(profileOf({ ...claims, aud: [claims.aud] })).toBe('dstu2')
})

test('the skew is a setting', () => {
  expect(faults({ iat: now - 400, exp: now - 100 }, 'stu3', { clockSkewSeconds: 100 })).toEqual([])
})

test.each<readonly [string, readonly string[]]>([
  ['patient/*.read', []],
  ['patient/*.read conf/N', []],
  ['conf/R patient/*.read', []],
  ['patient/*.read conf/X', ['requested_scope:claim']],
  ['patient/*.read  conf/N', ['requested_scope:claim']],
  ['conf/N', ['requested_scope:claim']],
  ['', ['requested_scope:claim']],
  ['PATIENT/*.READ', ['requested_scope:claim']],
  ['patient/*.write', ['requested_scope:claim']],
  ['patient/*.read patient/*.read', ['requested_scope:claim']],
])('scope %p for a patient search: %j', (scope, expected) => {
  expect(faults({ requested_scope: scope })).toEqual(expected)
})

test('where the interaction is not known, any one scope will do', () => {
  for (const scope of ['patient/*.read', 'patient/*.write', 'organization/*.read', 'organization/*.write'])
    expect(faults({ requested_scope: scope }, 'stu3', { interaction: undefined })).toEqual([])
  expect(faults({ requested_scope: 'user/*.read' }, 'stu3', { interaction: undefined })).toEqual(['requested_scope:claim'])
})

test('reasons are those of the settings; the flat profile has two of its own', () => {
  expect(faults({ reason_for_request: 'secondaryuses' })).toEqual(['reason_for_request:claim'])
  expect(faults({ reason_for_request: 'secondaryuses' }, 'flat')).toEqual([])
  expect(faults({ reason_for_request: 'directcare' }, 'stu3', { reasons: new Set(['x']) })).toEqual(['reason_for_request:claim'])
})

test.each(['requesting_device', 'requesting_organization', 'requesting_practitioner'])(
  '%s: absent or null is a claim, any other kind a resource',
  (name) => {
    for (const value of [undefined, null]) expect(faults({ [name]: value })).toEqual([`${name}:claim`])
    for (const value of ['x', 1, true, [], {}, { resourceType: 'Patient' }, { resourceType: ['Device'] }])
      expect(faults({ [name]: value })).toEqual([`${name}:resource`])
  },
)

test('sub is the practitioner; in the flat profile the user, else the patient, else the system', () => {
  expect(faults({ sub: 'x' })).toEqual(['sub:claim'])
  expect(faults({ sub: ['10019'] })).toEqual(['sub:claim'])
  expect(faults({ sub: 'x' }, 'flat')).toEqual(['sub:claim'])
  expect(faults({ requesting_user: undefined, requesting_patient: 'p', sub: 'p' }, 'flat')).toEqual([])
  const system = claimsOf('flat')['requesting_system']
  expect(faults({ requesting_user: undefined, sub: system }, 'flat')).toEqual([])
  expect(faults({ requesting_system: undefined }, 'flat')).toEqual(['requesting_system:claim'])
})

test('the organisation is the ODS code, wherever the profile has it', () => {
  expect(organisationOf({})).toBeUndefined()
  expect(organisationOf({ requesting_organization: 'A1' })).toBe('A1')
  expect(
    organisationOf({ requesting_organization: { identifier: [null, { system: 1 }, { system: 'x/ods-organization-code', value: 5 }] } }),
  ).toBeUndefined()
})

test('claims of any shape are judged without a throw, and something is always wrong with them', () => {
  const names = [...Object.keys(claimsOf('stu3')), ...Object.keys(claimsOf('flat')), 'requested_record', '__proto__']
  fc.assert(
    fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.jsonValue()), (claims) => {
      expect(faultsOfClaims(claims, context).length).toBeGreaterThan(0)
      organisationOf(claims)
    }),
  )
})
