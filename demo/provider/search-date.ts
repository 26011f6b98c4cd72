import { FhirError } from './fhir-error.ts'

const form = /^(ge|le)(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * A search date such as `ge2027-01-31` or `le2027-01-31T12:00:00+00:00`, as ms since 1970; without an offset it is UTC.
 * A whole day with `le` means its last millisecond. Throws `FhirError` INVALID_PARAMETER.
 */
export function searchDate(name: string, text: string, prefix: 'ge' | 'le'): number {
  // A "+" that the caller left raw in the query arrives as a space.
  const match = form.exec(text.replace(' ', '+'))
  const [, given, day, time, offset] = match ?? []
  const at = time === undefined ? Date.parse(`${day}T00:00:00Z`) : Date.parse(`${day}T${time}${offset ?? 'Z'}`)
  if (given !== prefix || Number.isNaN(at))
    throw new FhirError('INVALID_PARAMETER', `The query parameter ${name} must be ${prefix} and a date, or a date and time.`)
  return prefix === 'le' && time === undefined ? at + 86_399_999 : at
}
