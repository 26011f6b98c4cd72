import { z } from 'zod'

const pin = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in 64 hex digits, without colons')
  .toLowerCase()

/** The interactions of the National Record Locator are registered under another name than calls carry (decisions, section 8). */
const knownAliases = {
  'urn:nhs:names:services:nrl:DocumentReference.content.read': 'urn:nhs:names:services:nrl:DocumentReference.content',
}

/** Settings of the directory. Paths are relative to the settings file. */
export const registrySettings = z.strictObject({
  kind: z.literal('file').default('file').describe('Where the directory comes from; `file`: from the files named here.'),
  files: z
    .array(
      z.string().regex(/\.(?:ya?ml|ndjson|jsonl|ldif)$/i, 'must end in .yaml, .yml, .ndjson, .jsonl or .ldif: the ending tells the format'),
    )
    .min(1)
    .describe('The files of systems and endpoints, read in this order: YAML (up to 5 MB each), NDJSON or LDIF, told by their ending.'),
  sharingRules: z
    .string()
    .regex(/\.(?:ya?ml|ndjson|jsonl)$/i, 'must end in .yaml, .yml, .ndjson or .jsonl: the ending tells the format')
    .describe('The file of data-sharing rules: YAML (up to 5 MB), or NDJSON with one rule a line.'),
  pins: z
    .record(z.string().regex(/^\d{12}$/, 'must be an ASID of 12 digits'), z.array(pin).min(1))
    .default({})
    .describe('By ASID, the SHA-256 of certificates or public keys that may speak for it besides what the directory registers.'),
  aliases: z
    .record(z.string().min(1), z.string().min(1))
    .default(knownAliases)
    .describe('By the interaction that calls carry, the interaction that the directory lists for it, where the two differ.'),
  maxFaultyShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('A load is refused when more than this share of its records had to be set aside; 0.01 is 1 %.'),
  maxVanishedShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe('A load is refused when more than this share of the previous records is missing from it; 0.2 is 20 %.'),
})

/** The checked settings of the directory. */
export type RegistrySettings = z.infer<typeof registrySettings>
