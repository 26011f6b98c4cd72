import { z } from 'zod'

const file = z.string().min(1)

const address = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((url) => !/[#]|^https?:\/\/[^/]*@/.test(url), 'must have neither a fragment nor a user name')

const ocspSettings = z.strictObject({
  mode: z
    .enum(['off', 'check', 'require'])
    .default('off')
    .describe(
      'check: a certificate that the OCSP responder calls revoked is refused. require: so is one that it does not call good, or that it cannot be asked about.',
    ),
  url: address
    .optional()
    .describe('The responder that is asked; absent: the one that the certificate names, if fetchFromAuthorities is on.'),
  timeoutSeconds: z.number().positive().max(30).default(3).describe('How long the responder may take, name look-up included.'),
  cacheSeconds: z
    .int()
    .positive()
    .max(604_800)
    .default(3_600)
    .describe("The longest time that an answer counts; the answer's own nextUpdate may end it earlier."),
  maxEntries: z.int().min(100).max(1_000_000).default(10_000).describe('Certificates whose status is kept in memory.'),
})

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
  crlUrls: z
    .array(
      z.strictObject({
        url: address,
        everySeconds: z
          .int()
          .positive()
          .max(604_800)
          .optional()
          .describe('How often it is asked for; absent: at half of the time between thisUpdate and nextUpdate.'),
      }),
    )
    .default([])
    .describe('Addresses, http or https, from which revocation lists are fetched. What was fetched is kept in the data directory.'),
  fetchFromAuthorities: z
    .boolean()
    .default(false)
    .describe(
      'Whether addresses are also taken from the certificates of the configured authorities (lists) and from verified certificates (OCSP).',
    ),
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
  ocsp: ocspSettings
    .prefault({})
    .describe('Whether the status of single certificates is asked of a responder, besides the lists (RFC 6960).'),
})

/** The settings of trust as they are after validation. */
export type PkiSettings = z.infer<typeof pkiSettings>

/** The settings of OCSP. */
export type OcspSettings = PkiSettings['ocsp']
