import { providerLeg } from '../forwarding/provider-leg.ts'
import { type PublicRefusal, type RefusalCode, refusals } from '../spine/refusal.ts'
import { admission } from './admission.ts'

/** One row of the decision table. */
export interface DescribedCheck {
  readonly name: string
  /** What is true of a request that passed. */
  readonly summary: string
  /** The modes an operator may choose between; the first is the default. */
  readonly modes: readonly string[]
  readonly refusals: readonly { readonly status: number; readonly code: string; readonly text: string }[]
}

/** The decision table as it is in the code: `code` is the FHIR issue type, `text` what `display` and `diagnostics` hold. */
export function describeAdmission(): { readonly checks: readonly DescribedCheck[] } {
  return {
    checks: [
      ...admission.entries.map(({ name, summary, modes, codes }) => ({ name, summary, modes, refusals: refusalsOf(codes) })),
      ...providerLeg.map(({ name, summary, codes }) => ({ name, summary, modes: ['enforce'], refusals: refusalsOf(codes) })),
      {
        name: 'drain',
        summary: 'The call ends before the time that a stopping proxy leaves it.',
        modes: ['enforce'],
        refusals: refusalsOf(['SHUTTING_DOWN']),
      },
      {
        name: 'unforeseen',
        summary: 'Nothing went wrong that nobody foresaw.',
        modes: ['enforce'],
        refusals: refusalsOf(['INTERNAL_SERVER_ERROR']),
      },
    ],
  }
}

function refusalsOf(codes: readonly string[]): DescribedCheck['refusals'] {
  return codes.map((name) => {
    const { status, issue, text }: PublicRefusal = refusals[name as RefusalCode]
    return { status, code: issue, text }
  })
}
