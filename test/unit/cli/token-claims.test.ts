import { tokenClaims, tokenProfiles, unsignedToken } from '../../../src/cli/token-claims.ts'
import { parseToken } from '../../../src/spine/access-token.ts'
import { interactions } from '../../../src/spine/interaction-id.ts'
import { faultsOfClaims, organisationOf, profileOf } from '../../../src/spine/token-claims.ts'

const consumer = { asid: '200000000359', odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: new Set<string>() }
const endpointUrl = 'https://provider.thirdparty.nhs.uk/T99999/STU3/1'
const issuedAt = 1_800_000_000

describe('a demonstration token', () => {
  test.each(tokenProfiles)('of the %s profile breaks no rule of any interaction, and is known for what it is', (profile) => {
    for (const interaction of interactions.values()) {
      const claims = tokenClaims({ profile, consumer, endpointUrl, scope: interaction.scope, issuedAt })
      const context = { now: issuedAt, clockSkewSeconds: 0, interaction, reasons: new Set(['directcare']) }
      expect(faultsOfClaims(claims, context)).toEqual([])
      expect(profileOf(claims)).toBe(profile)
      expect(organisationOf(claims)).toBe('T77777')
      expect(claims['exp']).toBe(issuedAt + 300)
    }
  })

  test('names the registered endpoint as its audience, but for DSTU2, whose audience is fixed', () => {
    const audience = (profile: 'stu3' | 'dstu2' | 'flat') =>
      tokenClaims({ profile, consumer, endpointUrl, scope: 'patient/*.read', issuedAt })['aud']
    expect([audience('stu3'), audience('flat'), audience('dstu2')]).toEqual([
      endpointUrl,
      endpointUrl,
      'https://authorize.fhir.nhs.net/token',
    ])
  })

  test('is unsigned, ends with a full stop, and holds its claims', () => {
    const token = unsignedToken({ iss: 'https://é/' })
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.$/)
    expect(parseToken(token)).toMatchObject({ algorithm: 'none', claims: { iss: 'https://é/' } })
  })
})
