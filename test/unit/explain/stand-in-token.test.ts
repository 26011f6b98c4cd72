import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { accessToken, accessTokenSettings } from '../../../src/checks/access-token.ts'
import { tokenClaims } from '../../../src/cli/token-claims.ts'
import { isNotAboutClaims, standInToken } from '../../../src/explain/stand-in-token.ts'
import { parseToken } from '../../../src/spine/access-token.ts'
import { isRefusal } from '../../../src/spine/refusal.ts'

test('the claims of a stand-in are those that were recorded, to the letter', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        fc.jsonValue({ maxDepth: 3 }),
      ),
      (claims) => {
        const text = JSON.stringify(claims)
        expect(parseToken(standInToken(text))).toMatchObject({ algorithm: 'none', claimsText: text })
      },
    ),
  )
})

const asid = '200000000359'
const consumer = { asid, odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: new Set<string>() }
const interactionId = 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1'
const issuedAt = 1_790_000_000
const good = tokenClaims({ profile: 'stu3', consumer, endpointUrl: 'https://p.nhs.uk/1', scope: 'patient/*.read', issuedAt })
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What the check itself says of a token, of a consumer that signs or of one that does not. */
function reasonOf(token: string, signs: boolean): string | undefined {
  const keys = signs ? [{ asid, publicKeys: [publicKey.export({ type: 'spki', format: 'pem' }).toString()] }] : []
  const settings = { 'access-token': accessTokenSettings.parse({ keys }) }
  const decide = accessToken.create({ settings, clock: { now: () => issuedAt * 1000, elapsed: () => 0 } })
  const start = { token, consumer, interactionId, endpoint: { url: 'https://p.nhs.uk/1' }, interaction: undefined }
  const found = decide(start as unknown as Parameters<typeof decide>[0])
  return isRefusal(found) ? found.reason : undefined
}

test('a refusal for form, header or signature is told from one for a claim, as the check words them', () => {
  const signed = `${part({ alg: 'EdDSA' })}.${part(good)}`
  const proper = `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`
  expect(reasonOf(proper, true)).toBeUndefined()
  const forged = [
    reasonOf(`${signed}.${createHmac('sha512', 'x').update(signed).digest('base64url')}`, true),
    reasonOf(standInToken(JSON.stringify(good)), true),
    reasonOf(proper, false),
    reasonOf(`${standInToken(JSON.stringify(good))}c2ln`, false),
  ]
  for (const reason of forged) expect([reason, isNotAboutClaims(reason ?? '')]).toEqual([expect.any(String), true])
  const [none, header, claims] = [part({ alg: 'none' }), part({ typ: 'JWT' }), part(good)]
  const malformed = [
    `${header}.${claims}.`,
    `${part({ alg: 'none', crit: [] })}.${claims}.`,
    `x.${claims}.`,
    `${part(good).slice(1)}.${claims}.`,
  ]
  for (const token of [
    ...malformed,
    `${none}.${claims}`,
    `${none}.${claims}..`,
    `${none}.${claims}.=`,
    `${none}.${claims}.${'A'.repeat(20_000)}`,
  ]) {
    const reason = reasonOf(token, false)
    expect([reason, isNotAboutClaims(reason ?? '')]).toEqual([expect.any(String), true])
  }
  for (const claim of Object.keys(good)) {
    const reason = reasonOf(standInToken(JSON.stringify({ ...good, [claim]: undefined })), false)
    expect([reason, isNotAboutClaims(reason ?? '')]).toEqual([expect.any(String), false])
  }
})
