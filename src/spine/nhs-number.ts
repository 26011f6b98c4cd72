const tenDigits = /^\d{10}$/

/** Whether the text is an NHS number: ten digits of which the last is the check digit, modulus 11 (NHS Data Dictionary, NHS NUMBER). */
export function isNhsNumber(text: string): boolean {
  if (!tenDigits.test(text)) return false
  let sum = 0
  for (let at = 0; at < 9; at += 1) sum += (text.charCodeAt(at) - 48) * (10 - at)
  // A remainder that asks for 10 belongs to no number: no single digit is 10.
  return (11 - (sum % 11)) % 11 === text.charCodeAt(9) - 48
}

/** By which identifier systems an NHS number is given: today's, DSTU2's, and that of HL7 version 3. */
const systems: ReadonlySet<string> = new Set([
  'https://fhir.nhs.uk/Id/nhs-number',
  'http://fhir.nhs.net/Id/nhs-number',
  'https://fhir.nhs.net/Id/nhs-number',
  'urn:oid:2.16.840.1.113883.2.1.4.1',
])

/** A patient named by an address of the Personal Demographics Service, as NRL's `subject` is. */
const demographics = /^https:\/\/demographics\.spineservices\.nhs\.uk\/(?:[\w-]+\/)*Patient\/(\d{10})$/

/** The most numbers that one call is searchable by. */
export const mostSubjects = 8

/** The NHS number of an identifier; undefined where it is none, or its check digit is wrong. */
export function nhsNumberOf(system: string, value: string): string | undefined {
  return systems.has(system) && isNhsNumber(value) ? value : undefined
}

function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}

/**
 * The NHS numbers that a query names, each once: in `identifier`, `subject:Patient.identifier`, `patient.identifier` and the like as
 * `system|number`, and in `subject` or `patient` as an address of the Personal Demographics Service. `query` may begin with `?`.
 */
export function nhsNumbersInQuery(query: string): readonly string[] {
  const found = new Set<string>()
  for (const parameter of query.replace(/^\?/, '').split('&')) {
    const equals = parameter.indexOf('=')
    if (equals < 0) continue
    const name = decoded(parameter.slice(0, equals))
    const identifies = /(?:^|\.)identifier(?::exact)?$/.test(name)
    if (!identifies && !/^(?:subject|patient)(?::Patient)?$/.test(name)) continue
    for (const one of decoded(parameter.slice(equals + 1)).split(',')) {
      const bar = one.indexOf('|')
      const number = identifies && bar >= 0 ? nhsNumberOf(one.slice(0, bar), one.slice(bar + 1).trim()) : demographics.exec(one)?.[1]
      if (number !== undefined && isNhsNumber(number) && found.size < mostSubjects) found.add(number)
    }
  }
  return [...found]
}
