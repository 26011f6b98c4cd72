import { createPrivateKey, createPublicKey } from 'node:crypto'
import { z } from 'zod'

/** Settings of lockouts. Secrets may come from files: SSP_LOCKOUTS__SIGNING_KEY_FILE. */
export const lockoutSettings = z.strictObject({
  signingKey: z
    .string()
    .refine((pem) => isEd25519(() => createPrivateKey(pem)), 'must be an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)')
    .optional()
    .meta({ secret: true })
    .describe(
      'Ed25519 private key, PEM, that this node signs its changes with; best by SSP_LOCKOUTS__SIGNING_KEY_FILE. Default: one of its own in the data directory.',
    ),
  verificationKeys: z
    .array(z.string().refine((pem) => isEd25519(() => createPublicKey(pem)), 'must be an Ed25519 public key in PEM'))
    .default([])
    .describe(
      'Ed25519 public keys, PEM, of the other nodes and of keys that were replaced: what they signed counts. One’s own always does.',
    ),
  confirmByHand: z.boolean().default(false).describe('A lockout by an operator waits until a second one confirms it.'),
  confirmByRule: z.boolean().default(false).describe('A block by a rule waits until an operator confirms it.'),
  catchUpSeconds: z
    .number()
    .positive()
    .default(10)
    .describe(
      'How long a start, or a process that stood still, waits for what other nodes changed; then calls are taken with what is known, and /readyz says degraded.',
    ),
})

/** The checked settings of lockouts. */
export type LockoutSettings = z.infer<typeof lockoutSettings>

function isEd25519(read: () => { readonly asymmetricKeyType?: string | undefined }): boolean {
  try {
    return read().asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}
