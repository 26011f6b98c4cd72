import { z } from 'zod'

const file = z.string().min(1)

/**
 * The settings of trust: which authorities are believed, and what they have revoked. File names are relative to the settings' own
 * folder.
 */
export const pkiSettings = z.strictObject({
  anchors: z
    .array(file)
    .min(1)
    .describe('PEM files with the root authorities that are believed; the only ones, those of the operating system never count.'),
  intermediates: z
    .array(file)
    .default([])
    .describe(
      'PEM files with intermediate authorities, so that a party that sends its own certificate only (or resumes a session) is recognised.',
    ),
  crls: z.array(file).default([]).describe('PEM or DER files with the certificate revocation lists of the anchors and intermediates.'),
  crlGraceSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(86_400)
    .describe(
      'For how many seconds after its nextUpdate a revocation list still counts; afterwards every certificate of its issuer is refused.',
    ),
  requireCrl: z
    .boolean()
    .optional()
    .describe(
      'Whether the certificates of an issuer without a revocation list are refused; true where any list is configured, else false.',
    ),
})

/** The settings of trust as they are after validation. */
export type PkiSettings = z.infer<typeof pkiSettings>
