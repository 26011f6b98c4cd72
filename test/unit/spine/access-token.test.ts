import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { claimsTextOf, isSignedBy, isVerificationKey, parseToken, tokenLimits } from '../../../src/spine/access-token.ts'

const section = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const header = section({ alg: 'none', typ: 'JWT' })

test('the documented token is read: three sections, the last one empty', () => {
  expect(parseToken(`${header}.${section({ iss: 'a' })}.`)).toMatchObject({
    algorithm: 'none',
    keyId: undefined,
    claims: { iss: 'a' },
    signedPart: `${header}.${section({ iss: 'a' })}`,
    signature: Buffer.alloc(0),
  })
})

test.each<readonly [string, string]>([
  ['', '1 sections'],
  ['..', 'header section is not base64url'],
  [`${header}.`, '2 sections'],
  [`${header}..`, 'claims section is not base64url'],
  [`${header}.${section({})}`, '2 sections'],
  [`${header}.${section({})}..`, '4 sections'],
  [`${header}.${section({})}${'.'.repeat(10_000)}`, '5 sections'],
  [`${header}=.${section({})}.`, 'header section is not base64url'],
  [`${header}.e30+.`, 'claims section is not base64url'],
  [`${header}.e31.`, 'claims section is not base64url'],
  [`${header}.e.`, 'claims section is not base64url'],
  [`${header}.${section({})}.A`, 'signature is not base64url'],
  [`${header}.${section({})}.AB`, 'signature is not base64url'],
  [`${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.`, 'not UTF-8'],
  [`${header}.${Buffer.from('\ufeff{}').toString('base64url')}.`, 'not JSON'],
  [`${header}.${section('null')}.`, 'not a JSON object'],
  [`${header}.${section('"a"')}.`, 'not a JSON object'],
  [`${section({ alg: 1 })}.${section({})}.`, 'names no algorithm'],
  [`${section({ alg: 'none', crit: [] })}.${section({})}.`, 'critical'],
  [`${header}.${section('{"a":'.repeat(30) + '1' + '}'.repeat(30))}.`, 'deeper than 20'],
  ['a'.repeat(tokenLimits.bytes + 1), `longer than ${tokenLimits.bytes}`],
])('%.60s is no token', (compact, fault) => {
  expect(parseToken(compact)).toEqual({ fault: expect.stringContaining(fault) })
})

test('a token is read by its own header, whatever came before it', () => {
  const read = (alg: string) => parseToken(`${section({ alg })}.${section({})}.`)
  for (const alg of ['none', 'none', 'RS256', 'none', 'ES256']) expect(read(alg)).toMatchObject({ algorithm: alg })
  expect(parseToken(`e30=.${section({})}.`)).toHaveProperty('fault')
  expect(read('none')).toMatchObject({ algorithm: 'none' })
})

test.each<readonly [string, string | undefined]>([
  [`${header}.${section({ iss: 'a' })}.`, '{"iss":"a"}'],
  // What is wrong elsewhere, and with the claims as JSON, takes nothing from what was said.
  [`?.${section({ iss: 'é' })}`, '{"iss":"é"}'],
  [`${header}.${section('{"a":1,"a":2')}.x.y`, '{"a":1,"a":2'],
  ['', undefined],
  [`${header}..`, undefined],
  [`${header}.e31.`, undefined],
  [`${header}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.`, undefined],
  [`${header}.${'e30_'.repeat(tokenLimits.bytes)}.`, undefined],
])('the claims of %.60s are %p', (compact, text) => {
  expect(claimsTextOf(compact)).toBe(text)
})

test('any text is answered, and any claims come back', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseToken(text)))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), fc.uint8Array(), (claims, signature) => {
      const parsed = parseToken(`${header}.${section(claims)}.${Buffer.from(signature).toString('base64url')}`)
      if ('fault' in parsed) throw new Error(parsed.fault)
      expect(parsed.claims).toEqual(JSON.parse(JSON.stringify(claims)))
      expect(new Uint8Array(parsed.signature)).toEqual(signature)
    }),
  )
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curves = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' } as const
const keys: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: generateKeyPairSync('ec', { namedCurve: curves.ES256 }),
  ES384: generateKeyPairSync('ec', { namedCurve: curves.ES384 }),
  ES512: generateKeyPairSync('ec', { namedCurve: curves.ES512 }),
  EdDSA: generateKeyPairSync('ed25519'),
}

async function signed(alg: string, key: KeyObject) {
  const parsed = parseToken(await new SignJWT({ a: 1 }).setProtectedHeader({ alg, kid: 'k' }).sign(key))
  if ('fault' in parsed) throw new Error(parsed.fault)
  return parsed
}

test.each(Object.keys(keys))('%s is verified by its own key and by no other', async (alg) => {
  const { publicKey, privateKey } = keys[alg]!
  const token = await signed(alg, privateKey)
  expect(token.keyId).toBe('k')
  expect(isSignedBy(token, [publicKey])).toBe(true)
  const others = Object.values(keys)
    .map((one) => one.publicKey)
    .filter((key) => key !== publicKey)
  expect(isSignedBy(token, others)).toBe(false)
  expect(isSignedBy(token, [])).toBe(false)
  expect(isSignedBy(token, [...others, publicKey])).toBe(true)
  expect(isSignedBy({ ...token, signedPart: `${token.signedPart}A` }, [publicKey])).toBe(false)
  expect(isSignedBy({ ...token, signature: Buffer.alloc(0) }, [publicKey])).toBe(false)
  for (const algorithm of ['none', 'HS256', '__proto__', 'constructor', 'toString', alg.toLowerCase(), ''])
    expect(isSignedBy({ ...token, algorithm }, [publicKey])).toBe(false)
})

test('a signature by the right key under another algorithm of the same kind is none', async () => {
  const token = await signed('RS256', rsa.privateKey)
  for (const algorithm of ['RS384', 'RS512', 'PS256', 'ES256', 'EdDSA'])
    expect(isSignedBy({ ...token, algorithm }, [rsa.publicKey])).toBe(false)
})

test('a DER signature of ECDSA is none: JWS has its own form', async () => {
  const { sign } = await import('node:crypto')
  const token = await signed('ES256', keys['ES256']!.privateKey)
  const der = sign('sha256', Buffer.from(token.signedPart), keys['ES256']!.privateKey)
  expect(isSignedBy({ ...token, signature: der }, [keys['ES256']!.publicKey])).toBe(false)
})

test('a private key, a key that is too short or on another curve, and one that signs nothing verify nothing', () => {
  expect(Object.values(keys).every(({ publicKey }) => isVerificationKey(publicKey))).toBe(true)
  expect(isVerificationKey(rsa.privateKey)).toBe(false)
  expect(isVerificationKey(createPublicKey(rsa.privateKey))).toBe(true)
  expect(isVerificationKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)).toBe(false)
  expect(isVerificationKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)).toBe(false)
  expect(isVerificationKey(generateKeyPairSync('ed448').publicKey)).toBe(false)
  expect(isVerificationKey(generateKeyPairSync('x25519').publicKey)).toBe(false)
})
