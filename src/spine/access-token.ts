import { isAscii } from 'node:buffer'
import { type KeyObject, verify as verifySignature } from 'node:crypto'
import { parseStrictJson } from './strict-json.ts'

/** An audit token that was taken apart: its claims, and what stands about its signature. */
export interface AccessToken {
  readonly algorithm: string
  readonly keyId: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  /** The claims' JSON as it came. */
  readonly claimsText: string
  /** The bytes that a signature is over, and the signature. */
  readonly signedPart: string
  readonly signature: Buffer
}

/** Why it is not a token. */
export interface TokenFault {
  readonly fault: string
}

/** Longest token, and the deepest nesting in it. */
export const tokenLimits = { bytes: 16_384, depth: 20 } as const

const base64url = /^[A-Za-z0-9_-]*$/

/** Takes apart a compact JWT: three sections, strict base64url, strict JSON. Nothing is judged of what it claims. */
export function parseToken(compact: string): AccessToken | TokenFault {
  if (compact.length > tokenLimits.bytes) return { fault: `the token is longer than ${tokenLimits.bytes} bytes` }
  const sections = compact.split('.', 5)
  if (sections.length !== 3)
    return { fault: `the token has ${sections.length} sections and not 3: an unsigned token ends with a full stop` }
  const [headerPart, claimsPart, signaturePart] = sections as [string, string, string]
  const header = headerOf(headerPart)
  if ('fault' in header) return header
  const claims = section(claimsPart, 'claims')
  if ('fault' in claims) return claims
  const signature = decode(signaturePart)
  if (signature === undefined) return { fault: 'the signature is not base64url' }
  const algorithm = header.value['alg']
  if (typeof algorithm !== 'string') return { fault: 'the header names no algorithm (alg)' }
  if (header.value['crit'] !== undefined) return { fault: 'the header has critical extensions (crit), and none is known' }
  const keyId = header.value['kid']
  return {
    algorithm,
    keyId: typeof keyId === 'string' ? keyId : undefined,
    claims: claims.value,
    claimsText: claims.text,
    signedPart: `${headerPart}.${claimsPart}`,
    signature,
  }
}

/** The claims of a compact JWT as text, whatever they are worth and whatever is wrong with its other sections; undefined where they are not base64url of UTF-8. */
export function claimsTextOf(compact: string): string | undefined {
  if (compact.length > tokenLimits.bytes) return undefined
  const bytes = decode(compact.split('.', 2)[1] ?? '')
  return bytes === undefined || bytes.length === 0 ? undefined : utf8Of(bytes)
}

type Section = { readonly value: Readonly<Record<string, unknown>>; readonly text: string } | TokenFault

/** The header that was read last: tokens that follow each other have nearly always the same one. */
let lastHeader: { readonly part: string; readonly section: Section } | undefined

function headerOf(part: string): Section {
  if (lastHeader?.part !== part) lastHeader = { part, section: section(part, 'header') }
  return lastHeader.section
}

function section(part: string, name: string): Section {
  const bytes = decode(part)
  if (bytes === undefined || bytes.length === 0) return { fault: `the ${name} section is not base64url` }
  const text = utf8Of(bytes)
  if (text === undefined) return { fault: `the ${name} section is not UTF-8` }
  const parsed = parseStrictJson(text, tokenLimits.depth)
  if ('fault' in parsed) return { fault: `the ${name} section: ${parsed.fault}` }
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: `the ${name} section is not a JSON object` }
  return { value: value as Record<string, unknown>, text }
}

/** A byte order mark is no part of JSON (RFC 8259, 8.1): it is left in, so that it is refused. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8Of(bytes: Buffer): string | undefined {
  try {
    return isAscii(bytes) ? bytes.toString('latin1') : utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Bits of the last character that belong to no byte, by the length's remainder. */
const strayBitsOf = [0, 0, 4, 2]

/** Strict base64url: no padding, no other alphabet, no stray bits (the last character has one spelling). */
function decode(part: string): Buffer | undefined {
  if (!base64url.test(part) || part.length % 4 === 1) return undefined
  const strayBits = strayBitsOf[part.length % 4] ?? 0
  if (strayBits > 0 && (alphabet.indexOf(part.at(-1) ?? '') & ((1 << strayBits) - 1)) !== 0) return undefined
  return Buffer.from(part, 'base64url')
}

/** The asymmetric algorithms of RFC 7518 and RFC 8037 that are accepted, and the key type that each demands. */
const algorithms: Readonly<
  Record<string, { readonly keyType: string; readonly hash: string | null; readonly curve?: string; readonly pss?: true }>
> = {
  RS256: { keyType: 'rsa', hash: 'sha256' },
  RS384: { keyType: 'rsa', hash: 'sha384' },
  RS512: { keyType: 'rsa', hash: 'sha512' },
  PS256: { keyType: 'rsa', hash: 'sha256', pss: true },
  PS384: { keyType: 'rsa', hash: 'sha384', pss: true },
  PS512: { keyType: 'rsa', hash: 'sha512', pss: true },
  ES256: { keyType: 'ec', hash: 'sha256', curve: 'prime256v1' },
  ES384: { keyType: 'ec', hash: 'sha384', curve: 'secp384r1' },
  ES512: { keyType: 'ec', hash: 'sha512', curve: 'secp521r1' },
  EdDSA: { keyType: 'ed25519', hash: null },
}

/** RFC 7518, 3.3. */
const leastRsaBits = 2048
const saltLengthOfDigest = -1
const pssPadding = 6

/** Whether an accepted algorithm could verify with this key: RSA of at least 2,048 bits, one of the three curves, or Ed25519. */
export function isVerificationKey(key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  const fits = ({ keyType, curve }: (typeof algorithms)[string]) =>
    key.asymmetricKeyType === keyType &&
    (curve === undefined || curve === namedCurve) &&
    (keyType !== 'rsa' || modulusLength >= leastRsaBits)
  return key.type === 'public' && Object.values(algorithms).some(fits)
}

/** Whether the token is signed by one of these public keys. Keys named inside the token (jku, x5u, jwk) are never looked at. */
export function isSignedBy(token: AccessToken, keys: readonly KeyObject[]): boolean {
  const algorithm = Object.hasOwn(algorithms, token.algorithm) ? algorithms[token.algorithm] : undefined
  if (algorithm === undefined || token.signature.length === 0) return false
  const data = Buffer.from(token.signedPart, 'latin1')
  return keys.some((key) => {
    if (key.type !== 'public' || key.asymmetricKeyType !== algorithm.keyType) return false
    if (algorithm.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== algorithm.curve) return false
    try {
      const options = {
        key,
        dsaEncoding: 'ieee-p1363',
        ...(algorithm.pss && { padding: pssPadding, saltLength: saltLengthOfDigest }),
      } as const
      return verifySignature(algorithm.hash, data, options, token.signature)
    } catch {
      return false
    }
  })
}
