import type { TlsProfile } from './scan-target.ts'

const contract = 'one of the eight suites of the national service (contract, section 6), for consumers that speak nothing better'

/** What scanners may find, by TLS profile, each with the reason why it stays. Anything else fails the scan, and so does what is no longer found. */
export const allowedFindings: Readonly<Record<TlsProfile, Readonly<Record<string, string>>>> = {
  spine: {
    'testssl cipherlist_AVERAGE LOW: offered': `CBC with ephemeral keys: ${contract}`,
    'testssl LUCKY13 LOW: potentially vulnerable, uses TLS CBC ciphers': `what testssl says of every CBC suite; OpenSSL computes the MAC in constant time. ${contract}`,
    'sslscan suite TLSv1.2 ECDHE-RSA-AES256-SHA384': contract,
    'sslscan suite TLSv1.2 ECDHE-RSA-AES256-SHA': contract,
    'sslscan suite TLSv1.2 DHE-RSA-AES256-GCM-SHA384': contract,
    'sslscan suite TLSv1.2 DHE-RSA-AES128-GCM-SHA256': contract,
    'sslscan suite TLSv1.2 DHE-RSA-AES256-SHA256': contract,
    'sslscan suite TLSv1.2 DHE-RSA-AES256-SHA': contract,
    'sslscan group TLSv1.3 ffdhe2048': 'finite-field Diffie-Hellman, as in the four DHE suites of the contract',
    'sslscan group TLSv1.3 ffdhe3072': 'finite-field Diffie-Hellman, as in the four DHE suites of the contract',
    'sslscan signature TLSv1.2 rsa_pkcs1_sha224':
      'only with a consumer that offers nothing better; collisions do not help against a signed handshake',
  },
  modern: {},
}
