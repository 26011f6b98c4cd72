import { tokenClaims, tokenProfiles } from '../../../src/cli/token-claims.ts'
import { tokenUser } from '../../../src/spine/token-user.ts'

const practitioner = (change: object) => JSON.stringify({ requesting_practitioner: { resourceType: 'Practitioner', id: '7', ...change } })
const consumer = { asid: '200000000359', odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: new Set<string>() }
const claimsOf = (profile: (typeof tokenProfiles)[number]) =>
  JSON.stringify(tokenClaims({ profile, consumer, endpointUrl: 'https://p.nhs.uk/FHIR', scope: 'patient/*.read', issuedAt: 1 }))

test('every generation of the token tells its user and why it was asked', () => {
  const reason = 'directcare'
  expect(tokenProfiles.map((profile) => [profile, tokenUser(claimsOf(profile))])).toEqual([
    ['stu3', { identifier: { system: 'https://consumer.thirdparty.nhs.uk/Id/user', value: '10019' }, name: 'Dr Terry Tester', reason }],
    ['dstu2', { identifier: { value: '10019' }, name: 'Dr Terry Tester', reason }],
    ['flat', { identifier: { system: 'https://fhir.nhs.uk/Id/sds-role-profile-id', value: '10019' }, reason }],
  ])
})

test.each([
  [
    'a smartcard before a local id',
    practitioner({
      identifier: [
        { system: 's', value: 'UNK' },
        { system: 't', value: '5' },
      ],
    }),
    { system: 't', value: '5' },
  ],
  ['an id where identifiers are of another form', practitioner({ identifier: { value: '5' } }), { value: '7' }],
  ['a value without a system that is none', practitioner({ identifier: [null, 3, { system: 'a b', value: ' 5 ' }] }), { value: '5' }],
  [
    'a citizen',
    JSON.stringify({ requesting_patient: 'https://fhir.nhs.uk/Id/nhs-number|9690937278' }),
    { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9690937278' },
  ],
  ['a user without a system', JSON.stringify({ requesting_user: '12' }), { value: '12' }],
])('told is %s', (_what, claims, identifier) => {
  expect(tokenUser(claims)?.identifier).toEqual(identifier)
})

test.each([
  ['a system by itself', JSON.stringify({ requesting_system: 's|1', sub: 's|1' })],
  ['nobody known', practitioner({ id: 'UNK', identifier: [{ system: 's', value: 'UNK' }] })],
  ['what is no resource', JSON.stringify({ requesting_practitioner: 'Practitioner/1' })],
  ['what is no JSON', '{"requesting_user":'],
  ['a list', '["requesting_user"]'],
  ['nothing', ''],
])('%s is no user', (_what, claims) => {
  expect(tokenUser(claims)).toBeUndefined()
})

test('a name is what is text of it', () => {
  const named = (name: unknown) => tokenUser(practitioner({ name }))?.name
  expect(named([{ text: ' Dr T. Tester ', family: 'Tester' }])).toBe('Dr T. Tester')
  expect(named({ family: ['van', 'Beek'], given: [null, 7, 'Ann'] })).toBe('Ann van Beek')
  expect(named({ family: 'Tes\u0000ter\n', given: ['\u0007'] })).toBe('Tes ter')
  expect([named({}), named([]), named('Ann'), named([[{ family: 'x' }]])]).toEqual([undefined, undefined, undefined, undefined])
})
