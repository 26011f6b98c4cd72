import { registrySettings } from '../../../src/registry/registry-settings.ts'

const least = { files: ['a.yaml'], sharingRules: 'rules.yaml' }

test('the registry’s settings have the defaults of the decisions', () => {
  expect(registrySettings.parse(least)).toEqual({
    ...least,
    kind: 'file',
    pins: {},
    aliases: { 'urn:nhs:names:services:nrl:DocumentReference.content.read': 'urn:nhs:names:services:nrl:DocumentReference.content' },
    maxFaultyShare: 0.01,
    maxVanishedShare: 0.2,
  })
})

test.each([
  [{ files: [] }],
  [{ files: ['a.json'] }],
  [{ sharingRules: 'rules.txt' }],
  [{ pins: { '12': ['ab'.repeat(32)] } }],
  [{ pins: { '200000000359': ['ab'] } }],
  [{ maxFaultyShare: 1.1 }],
  [{ kind: 'ldap' }],
  [{ file: 'a.yaml' }],
])('the registry’s settings refuse %j', (changes) => {
  expect(registrySettings.safeParse({ ...least, ...changes }).success).toBe(false)
})
