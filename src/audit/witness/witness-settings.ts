import { z } from 'zod'
import { readVerifier } from '../signed-note.ts'
import { readCosigner } from './cosignature.ts'

const second = 1_000

/** Settings of the witnesses that a machine's logs are shown to. */
export const witnessesSettings = z
  .array(
    z.strictObject({
      url: z
        .url({ protocol: /^https$/ })
        .refine((text) => /^https:\/\/[^@?#]+$/.test(text), { error: 'may have neither a user name nor a query nor a fragment' })
        .describe('Where the witness takes checkpoints: `/add-checkpoint` is put behind it (C2SP tlog-witness).'),
      verifier: z
        .string()
        .refine((text) => readCosigner(text) !== undefined, { error: 'is not the verifier key of a witness (NAME+ID+KEY, of type 4)' })
        .describe('The verifier key of the witness: its name, the id and the key.'),
      anchors: z
        .array(z.string().min(1))
        .min(1)
        .describe('PEM files of the authorities that the witness’s certificate chains to, relative to the settings file.'),
      everySeconds: z.int().min(1).max(86_400).default(60).describe('Seconds between two looks whether a log has grown.'),
      timeoutMs: z
        .int()
        .min(100)
        .max(60_000)
        .default(5 * second)
        .describe('Time for an answer. Milliseconds.'),
    }),
  )
  .max(16)
  // What is kept of each is kept by the id of its key.
  .refine((all) => new Set(all.map(({ verifier }) => readCosigner(verifier)?.id.toString('hex'))).size === all.length, {
    error: 'names a witness twice, or two whose keys have the same id',
  })

/** One witness as the settings have it. */
export type WitnessSettings = z.infer<typeof witnessesSettings>[number]

/** Settings of this proxy as a witness of others. */
export const witnessSettings = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9./_-]{0,127}$/, 'must be 1 to 128 letters, digits, dots, slashes, hyphens or underscores')
    .describe('The name in its cosignatures, best one that its operator owns: `witness.example.org/ssp`.'),
  logs: z
    .array(
      z
        .string()
        .refine((text) => readVerifier(text) !== undefined, { error: 'is not the verifier key of a log (the file `verifier` beside it)' }),
    )
    .max(1_000)
    .default([])
    .describe('Verifier keys of the logs whose checkpoints are cosigned; a log whose key changed has several.'),
})
