import type { Fault, Refusal } from './refusal.ts'
import type { Representation } from './representation.ts'

const codeSystem = 'http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0'
const methodCodeSystem = 'https://fhir.nhs.uk/StructureDefinition/spine-operationoutcome-1'

interface IssueText {
  readonly code: string
  readonly severity: 'error' | 'fatal'
  readonly status: string
  readonly display: string
  readonly system: string
  readonly diagnostics: string | undefined
  readonly fault: Fault | undefined
}

/**
 * Writes a refusal as the OperationOutcome that GP Connect consumers know (contract, section 4.1): no profile, the HTTP status
 * as `coding.code`, the text in `display` and `diagnostics`; 405 has a shape of its own. Where several things are wrong there is an
 * issue for each, with what is wrong in `details.text` and the header in `location`, as FHIR names HTTP parameters.
 */
export function renderOutcome(refusal: Refusal, issueCode: string, id: string, representation: Representation): string {
  const issues = issuesOf(refusal, issueCode)
  const withId = refusal.status === 405 ? undefined : id
  return representation === 'json' ? json(issues, withId) : xml(issues, withId)
}

function issuesOf(refusal: Refusal, code: string): readonly IssueText[] {
  const fatal = refusal.status === 405
  const faults: readonly (Fault | undefined)[] = refusal.faults.length > 0 ? refusal.faults : [undefined]
  return faults.map((fault) => ({
    code,
    severity: fatal ? 'fatal' : 'error',
    status: String(refusal.status),
    display: refusal.text,
    system: fatal ? methodCodeSystem : codeSystem,
    diagnostics: fatal ? undefined : refusal.text,
    fault,
  }))
}

function json(issues: readonly IssueText[], id: string | undefined): string {
  return JSON.stringify({
    resourceType: 'OperationOutcome',
    ...(id !== undefined && { id }),
    issue: issues.map((issue) => ({
      code: issue.code,
      severity: issue.severity,
      details: {
        coding: [{ code: issue.status, display: issue.display, system: issue.system }],
        ...(issue.fault && { text: issue.fault.detail }),
      },
      ...(issue.diagnostics !== undefined && { diagnostics: issue.diagnostics }),
      ...(issue.fault?.header !== undefined && { location: [`http.${issue.fault.header}`] }),
    })),
  })
}

/** Element order is the schema's: severity, code, details, diagnostics, location. */
function xml(issues: readonly IssueText[], id: string | undefined): string {
  const element = (name: string, value: string | undefined) => (value === undefined ? '' : `<${name} value="${escaped(value)}"/>`)
  const written = issues.map(
    (issue) =>
      '<issue>' +
      element('severity', issue.severity) +
      element('code', issue.code) +
      '<details><coding>' +
      element('system', issue.system) +
      element('code', issue.status) +
      element('display', issue.display) +
      '</coding>' +
      element('text', issue.fault?.detail) +
      '</details>' +
      element('diagnostics', issue.diagnostics) +
      element('location', issue.fault?.header && `http.${issue.fault.header}`) +
      '</issue>',
  )
  return `<?xml version="1.0" encoding="UTF-8"?><OperationOutcome xmlns="http://hl7.org/fhir">${element('id', id)}${written.join('')}</OperationOutcome>`
}

const xmlEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** Markup is escaped, and white space that an attribute would lose; what XML 1.0 cannot hold at all becomes U+FFFD. */
function escaped(text: string): string {
  return text.replace(/[&<>"'\t\n\r]/g, (character) => xmlEntities[character]!).replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '\ufffd')
}
