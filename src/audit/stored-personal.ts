/** What stands in the log in the place of what names people; empty where there was nothing. */
export interface StoredPersonal {
  /** Whose key opens it, `2026-11`. */
  readonly period?: string
  /** Nonce, ciphertext and tag of AES-256-GCM, base64url. */
  readonly sealed?: string
  /** NHS numbers as keyed hashes: the same number in the same period is the same hash. */
  readonly subjects?: readonly string[]
}
