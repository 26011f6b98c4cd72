import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { accessTokenSettings } from '../../../src/checks/access-token.ts'

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }) as string
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

function parse(publicKey: string) {
  return accessTokenSettings.safeParse({ keys: [{ asid: '200000000359', publicKeys: [publicKey] }] })
}

test.each([
  ['RSA', rsa.publicKey],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey],
  ['P-521', generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey],
  ['Ed25519', generateKeyPairSync('ed25519').publicKey],
])('a public key of %s is taken', (_name, key) => {
  expect(parse(pem(key)).success).toBe(true)
})

test.each([
  ['is no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
  ['is empty', ''],
  ['is private', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
  ['is too short', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
  ['is on a curve that no accepted algorithm has', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
  ['is of a kind that signs nothing', pem(generateKeyPairSync('x25519').publicKey)],
])('a key that %s is an error of the settings, at its place', (_name, key) => {
  const { error } = parse(key)
  expect(error?.issues.map(({ path }) => path)).toEqual([['keys', 0, 'publicKeys', 0]])
  expect(error?.issues[0]?.message).toContain('must be one PEM public key')
})
