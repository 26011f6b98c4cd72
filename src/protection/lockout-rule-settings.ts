import { z } from 'zod'
import { suspicions } from '../spine/suspicion.ts'
import { ruleStages } from './evidence-count.ts'

const weight = z.number().positive().max(1_000_000)

const rule = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a-z, 0-9 and hyphen, beginning with a letter'),
    counts: z
      .partialRecord(z.enum(suspicions), weight)
      .refine((counts) => Object.keys(counts).length > 0, 'must count something')
      .describe('What counts, and how much each time.'),
    windowSeconds: z.number().min(1).max(86_400).default(300).describe('Over how long it is added up.'),
    stage: z
      .enum(ruleStages)
      .default('observe')
      .describe('How far it goes. observe: it is only told; slow: every request waits first; block: locked out.'),
    slowAt: weight.default(20).describe('The sum at which it slows down.'),
    blockAt: weight.default(50).describe('The sum at which it blocks.'),
    slowForSeconds: z.int().positive().max(604_800).default(300).describe('How long it slows down.'),
    blockForSeconds: z.int().positive().max(31_536_000).default(3_600).describe('How long it blocks.'),
  })
  .refine(({ slowAt, blockAt }) => slowAt <= blockAt, { error: 'slowAt must not be above blockAt', path: ['slowAt'] })

const shipped: readonly z.input<typeof rule>[] = [
  { name: 'impersonation', counts: { 'wrong-asid': 1 } },
  { name: 'probing', counts: { 'endpoint-probing': 1 } },
  { name: 'framing', counts: { 'malformed-framing': 1 } },
  { name: 'forgery', counts: { 'token-forgery': 2 } },
  { name: 'unwelcome', counts: { 'refused-by-provider': 1 }, slowAt: 100, blockAt: 300 },
]

/** Settings of lockouts by rule. Evidence is counted by all nodes together, against the certificate that proved itself, never against a header. */
export const lockoutRuleSettings = z.strictObject({
  rules: z
    .array(rule)
    .max(32)
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'no two rules have one name')
    .prefault([...shipped])
    .describe('The rules; any that are given replace those that are shipped, which only observe.'),
  providersAtLeast: z
    .int()
    .min(2)
    .max(16)
    .default(3)
    .describe('Of how many providers, by party key, refusals must come within a window before any of them counts.'),
  slowMilliseconds: z
    .int()
    .min(10)
    .max(10_000)
    .default(1_000)
    .describe('How long each request of somebody slowed down waits. Milliseconds.'),
  slowedAtOnce: z.int().min(1).max(10_000).default(256).describe('Requests that wait so at a time; further ones are answered 429.'),
  slowedPerCertificate: z.int().min(1).max(1_000).default(8).describe('Of them, of one certificate.'),
  maxIdentities: z
    .int()
    .min(100)
    .max(1_000_000)
    .default(20_000)
    .describe('Identities of whom evidence is kept, on each node and in Redis; beyond it the one longest without any is forgotten.'),
})

/** The checked settings of lockouts by rule. */
export type LockoutRuleSettings = z.infer<typeof lockoutRuleSettings>
