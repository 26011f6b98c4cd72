import { hostname } from 'node:os'
import { z } from 'zod'
import { witnessesSettings } from './witness/witness-settings.ts'

const mebibyte = 1_048_576

/** The machine's name with every character that a log's name may not have taken out; `node1` where nothing is left. */
function defaultNode(): string {
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '')
    .replace(/^[.-]+/, '')
    .slice(0, 63)
  return name === '' ? 'node1' : name
}

/** The settings of the audit trail. */
export const auditSettings = z.strictObject({
  node: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, dot and hyphen, beginning with a letter or digit')
    .default(defaultNode)
    .describe(
      "This machine's part of its logs' names; set it wherever the host name changes from start to start, as in containers. Default: the host name.",
    )
    .meta({ machineDefault: true }),
  segmentBytes: z
    .int()
    .min(4096)
    .max(1024 * mebibyte)
    .default(64 * mebibyte)
    .describe('Size in bytes from which on the log goes on in a new file.'),
  groupDelayMs: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe('Milliseconds that a write waits for more records to share it; 0 writes at once what has come while the last write ran.'),
  refusalDelayMs: z
    .int()
    .min(0)
    .max(500)
    .default(200)
    .describe(
      'Milliseconds that the records of refused calls wait at most to share a write: nobody waits for them, and a flood costs fewer.',
    ),
  reserveBytes: z
    .int()
    .min(0)
    .default(64 * mebibyte)
    .describe(
      'Free disk space in bytes below which only forwarded calls are recorded, and below half of which only the outcomes of calls already forwarded.',
    ),
  retentionMonths: z
    .int()
    .min(1)
    .max(1200)
    .default(24)
    .describe('Whole months after the end of a month for which what names people in its records can be read; then its key is destroyed.'),
  flood: z
    .strictObject({
      perKeyPerSecond: z
        .int()
        .min(0)
        .default(10)
        .describe('Refused calls a second that are recorded singly for each address and each certificate; the rest is counted.'),
      perProcessPerSecond: z
        .int()
        .min(0)
        .default(100)
        .describe('Refused calls a second that are recorded singly in the whole process; the rest is counted.'),
    })
    .prefault({})
    .describe('How many refused calls under the flood rule get a record of their own.'),
  witnesses: witnessesSettings.default([]).describe('Witnesses that cosign the checkpoints of this machine’s logs (C2SP tlog-witness).'),
  sync: z.literal('always').default('always').describe('When a record counts as written: `always` means once the disk has confirmed it.'),
})

/** The audit trail's settings, as read and defaulted. */
export type AuditSettings = z.infer<typeof auditSettings>
