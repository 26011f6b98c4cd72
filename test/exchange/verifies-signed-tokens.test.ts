import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type CryptoKey, type KeyObject as JoseKey, SignJWT } from 'jose'
import { tokenClaims, unsignedToken } from '../../src/cli/token-claims.ts'
import { type Answer, call } from '../support/consumer.ts'
import { everyRefusalRecorded, expectRefusal } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'secp384r1' })
const ed25519 = generateKeyPairSync('ed25519')
const unregistered = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string

let here: World
let perInteraction: World
beforeAll(async () => {
  const { asid } = world.consumer
  const keys = (interaction?: string) => ({
    checks: {
      'access-token': {
        keys: [
          { asid, ...(interaction && { interaction }), publicKeys: [rsa, p256, p384, ed25519].map(({ publicKey }) => pem(publicKey)) },
        ],
      },
    },
  })
  here = await startWorld({ settings: { ...everyRefusalRecorded, ...keys() } })
  perInteraction = await startWorld({ settings: { ...everyRefusalRecorded, ...keys(world.unknownForm) } })
})
afterAll(async () => {
  await here.close()
  await perInteraction.close()
})

function claims(): Record<string, unknown> {
  const { asid, odsCode, partyKey } = world.consumer
  const consumer = { asid, odsCode, partyKey, interactions: new Set<string>() }
  return {
    ...tokenClaims({
      profile: 'stu3',
      consumer,
      endpointUrl: world.root,
      scope: 'patient/*.read',
      issuedAt: Math.floor(Date.now() / 1000),
    }),
  }
}

function signed(alg: string, key: KeyObject, header: object = {}): Promise<string> {
  return new SignJWT(claims()).setProtectedHeader({ alg, typ: 'JWT', ...header }).sign(key as unknown as CryptoKey | JoseKey)
}

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
const calling = async (token: string | Promise<string>, where = here): Promise<Answer> => call(where, bearer(await token))

async function expectRefusedToken(
  token: string,
  where = here,
  detail = 'the token must be signed with a key that is registered for Ssp-From',
): Promise<void> {
  await expectRefusal(where, bearer(token), {
    status: 400,
    rule: 'access-token',
    origin: 'consumer',
    code: 'BAD_REQUEST',
    issue: 'invalid',
    text: 'BAD_REQUEST',
    faults: [{ header: 'Authorization', detail }],
  })
}

test.each([
  ['RS256', rsa],
  ['PS256', rsa],
  ['RS512', rsa],
  ['ES256', p256],
  ['ES384', p384],
  ['EdDSA', ed25519],
] as const)('%s with a registered key passes', async (alg, { privateKey }) => {
  expect((await calling(signed(alg, privateKey))).status).toBe(200)
})

test('O7: a token whose signature was stripped, or that never had one, is refused', async () => {
  const token = await signed('RS256', rsa.privateKey)
  await expectRefusedToken(token.slice(0, token.lastIndexOf('.') + 1))
  await expectRefusedToken(unsignedToken(claims()))
})

test('O7: a key that is not registered is refused, also when the token brings it along', async () => {
  await expectRefusedToken(await signed('RS256', unregistered.privateKey))
  const jwk = unregistered.publicKey.export({ format: 'jwk' })
  await expectRefusedToken(await signed('RS256', unregistered.privateKey, { jwk, jku: 'https://evil/keys', x5u: 'https://evil/cert' }))
})

test('O7: HS256 with the public key as its secret is refused', async () => {
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${text({ alg: 'HS256', typ: 'JWT' })}.${text(claims())}`
  for (const secret of [pem(rsa.publicKey), pem(rsa.publicKey).trim(), rsa.publicKey.export({ type: 'spki', format: 'der' })])
    await expectRefusedToken(`${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`)
})

test('O7: ES256 by a key on another curve is refused', async () => {
  const { sign } = await import('node:crypto')
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${text({ alg: 'ES256' })}.${text(claims())}`
  const signature = sign('sha256', Buffer.from(head), { key: p384.privateKey, dsaEncoding: 'ieee-p1363' })
  await expectRefusedToken(`${head}.${signature.toString('base64url')}`)
})

test('O7: changed claims, a signature over something else and an unknown algorithm are refused', async () => {
  const [header = '', , signature = ''] = (await signed('RS256', rsa.privateKey)).split('.')
  const others = Buffer.from(JSON.stringify({ ...claims(), sub: '2' })).toString('base64url')
  await expectRefusedToken(`${header}.${others}.${signature}`)
  await expectRefusedToken(`${header}.${others}.AAAA`)
  const odd = Buffer.from(JSON.stringify({ alg: 'constructor' })).toString('base64url')
  await expectRefusedToken(`${odd}.${others}.${signature}`)
})

test('O7: keys for one interaction leave the others to unsigned tokens, and a signature there is without a key', async () => {
  expect((await calling(unsignedToken(claims()), perInteraction)).status).toBe(200)
  const detail = 'the token is signed (RS256) and no key is registered for Ssp-From'
  await expectRefusedToken(await signed('RS256', rsa.privateKey), perInteraction, detail)
  const token = await signed('RS256', rsa.privateKey)
  expect((await call(perInteraction, { ...bearer(token), interaction: world.unknownForm })).status).toBe(200)
  expect((await call(perInteraction, { ...bearer(unsignedToken(claims())), interaction: world.unknownForm })).status).toBe(400)
})
