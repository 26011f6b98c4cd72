import { nhsNumberOf, nhsNumbersInQuery } from './nhs-number.ts'
import { parseTarget } from './target-url.ts'

/** What of a call can name a patient: its request target as it came, and the claims section of its audit token as JSON text. */
export interface NamingParts {
  readonly url?: string
  readonly claims?: string
}

/**
 * The NHS numbers of the patients that a call is about, each once: those in its query, and that of the record its token was made for
 * (`requested_record`, contract 5.3). Whoever only asked, as in `requesting_patient`, is not among them. Empty where the parts cannot be read.
 */
export function patientsNamed({ url = '', claims = '' }: NamingParts): readonly string[] {
  const target = parseTarget(url)
  return [...new Set([...('fault' in target ? [] : nhsNumbersInQuery(target.query)), ...patientOfRecord(claims)])]
}

function patientOfRecord(claims: string): readonly string[] {
  const record = recordOf(claims)
  if (record?.resourceType !== 'Patient' || !Array.isArray(record.identifier)) return []
  return record.identifier.flatMap((one: { readonly system?: unknown; readonly value?: unknown } | null) => {
    const { system, value } = one ?? {}
    return (typeof system === 'string' && typeof value === 'string' && nhsNumberOf(system, value)) || []
  })
}

function recordOf(claims: string): { readonly resourceType?: unknown; readonly identifier?: unknown } | undefined {
  try {
    const read = JSON.parse(claims) as { readonly requested_record?: object | null } | null
    return read?.requested_record ?? undefined
  } catch {
    return undefined
  }
}
