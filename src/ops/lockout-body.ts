import { z } from 'zod'
import { schemaProblems } from '../lib/schema-problems.ts'
import {
  isReason,
  type LockoutRequest,
  type LockoutSelector,
  lockoutKinds,
  longestLockoutSeconds,
  normalisedSelector,
  reasonForm,
} from '../state/lockouts.ts'
import { Problem } from './problem.ts'

const reasonText = z.string().refine(isReason, reasonForm)

const body = z.strictObject({
  certificate: z.string().optional(),
  asid: z.string().optional(),
  partyKey: z.string().optional(),
  organisation: z.string().optional(),
  endpoint: z.string().optional(),
  binding: z.string().optional(),
  reason: reasonText,
  forSeconds: z.int().min(1).max(longestLockoutSeconds).optional(),
})

/** The lockout that a request's body asks for. Throws a `Problem` that says what is wrong with it; fields nobody asked for are an error, not ignored. */
export function lockoutRequestOf(input: unknown): LockoutRequest {
  const result = body.safeParse(input)
  if (!result.success) throw new Problem(400, schemaProblems(result.error))
  const { reason, forSeconds } = result.data
  return { selector: selectorOf(result.data), reason, ...(forSeconds !== undefined && { forSeconds }) }
}

const releaseBody = z.strictObject({ reason: reasonText.optional() }).optional()

/** Why a lockout is released, where the request's body says so. Throws a `Problem` on any other body. */
export function releaseReasonOf(input: unknown): string | undefined {
  const result = releaseBody.safeParse(input)
  if (!result.success) throw new Problem(400, schemaProblems(result.error))
  return result.data?.reason
}

function selectorOf(data: z.infer<typeof body>): LockoutSelector {
  const named = lockoutKinds.filter((kind) => data[kind] !== undefined)
  const [kind] = named
  if (kind === undefined || named.length > 1) throw new Problem(400, `A lockout names exactly one of ${lockoutKinds.join(', ')}.`)
  const selector = normalisedSelector(kind, data[kind] ?? '')
  if (selector === undefined) throw new Problem(400, `This is not the form of a value for ${kind}.`)
  return selector
}
