import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

/** The eight suites of the national service, in its order (contract, section 6). */
const spineSuites = [
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA',
  'DHE-RSA-AES256-SHA256',
  'DHE-RSA-AES256-SHA',
]

const modernSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
]

/** Curves alone, the hybrid with a post-quantum key first: TLS 1.3 would offer finite fields as well. */
const modernGroups = ['X25519MLKEM768', 'X25519', 'P-256', 'X448', 'P-384', 'P-521']

/** OpenSSL's own list, without SHA-1 and SHA-224. */
const modernSignatures = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
]

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']

/** The TLS options of a profile: server preference, TLS 1.2 and 1.3, no renegotiation. Without `dhparam` the four DHE suites would be missing without a word. */
export function tlsProfile(profile: 'spine' | 'modern'): SecureContextOptions {
  const suites = profile === 'spine' ? spineSuites : modernSuites
  return {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ciphers: [...tls13Suites, ...suites].join(':'),
    ...(profile === 'spine' ? { dhparam: 'auto' } : { ecdhCurve: modernGroups.join(':'), sigalgs: modernSignatures.join(':') }),
  }
}
