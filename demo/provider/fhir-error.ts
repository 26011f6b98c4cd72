import type { Resource } from './resource.ts'

/** The errors that this provider answers with: HTTP status, FHIR issue type, and the display of the Spine code (GP Connect's error guidance). */
const errors = {
  INVALID_NHS_NUMBER: { status: 400, issue: 'value', display: 'Invalid NHS number' },
  INVALID_IDENTIFIER_SYSTEM: { status: 400, issue: 'value', display: 'Invalid identifier system' },
  INVALID_IDENTIFIER_VALUE: { status: 400, issue: 'value', display: 'Invalid identifier value' },
  INVALID_PATIENT_DEMOGRAPHICS: { status: 400, issue: 'business-rule', display: 'PDS trace failed' },
  BAD_REQUEST: { status: 400, issue: 'invalid', display: 'Bad request' },
  NO_PATIENT_CONSENT: { status: 403, issue: 'forbidden', display: 'Patient has not provided consent to share data' },
  PATIENT_NOT_FOUND: { status: 404, issue: 'not-found', display: 'Patient record not found' },
  PRACTITIONER_NOT_FOUND: { status: 404, issue: 'not-found', display: 'Practitioner record not found' },
  ORGANISATION_NOT_FOUND: { status: 404, issue: 'not-found', display: 'Organisation record not found' },
  NO_RECORD_FOUND: { status: 404, issue: 'not-found', display: 'No record found' },
  DUPLICATE_REJECTED: { status: 409, issue: 'duplicate', display: 'Create would lead to creation of a duplicate resource' },
  FHIR_CONSTRAINT_VIOLATION: { status: 409, issue: 'conflict', display: 'FHIR constraint violated' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, issue: 'not-supported', display: 'Unsupported Media Type' },
  INVALID_RESOURCE: { status: 422, issue: 'invalid', display: 'Invalid validation of resource' },
  INVALID_PARAMETER: { status: 422, issue: 'invalid', display: 'Invalid parameter' },
  REFERENCE_NOT_FOUND: { status: 422, issue: 'invalid', display: 'Reference not found' },
  INTERNAL_SERVER_ERROR: { status: 500, issue: 'exception', display: 'Unexpected internal server error' },
  NOT_IMPLEMENTED: { status: 501, issue: 'not-supported', display: 'Not implemented' },
} as const

/** A code of the Spine's error value set that this provider uses. */
export type SpineCode = keyof typeof errors

/** Which generation of FHIR an answer is written in. */
export type FhirVersion = 'STU3' | 'DSTU2'

const dialects = {
  STU3: {
    profile: 'https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1',
    system: 'https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1',
  },
  DSTU2: {
    profile: 'http://fhir.nhs.net/StructureDefinition/gpconnect-operationoutcome-1',
    system: 'http://fhir.nhs.net/ValueSet/gpconnect-error-or-warning-code-1',
  },
} as const

/** Thrown by whatever answers a call; becomes a GP Connect OperationOutcome. The message is its `diagnostics`. */
export class FhirError extends Error {
  override readonly name = 'FhirError'
  readonly code: SpineCode
  readonly status: number
  constructor(code: SpineCode, diagnostics: string, status: number = errors[code].status) {
    super(diagnostics)
    this.code = code
    this.status = status
  }
}

/** The OperationOutcome of an error, in the profile and code system of its generation. */
export function operationOutcome(error: FhirError, version: FhirVersion): Resource {
  return {
    resourceType: 'OperationOutcome',
    meta: { profile: [dialects[version].profile] },
    issue: [issue(error.code, 'error', error.message, version)],
  }
}

/** An OperationOutcome that travels inside an answer that went well: what was asked for and not understood. */
export function warningOutcome(diagnostics: readonly string[]): Resource {
  return {
    resourceType: 'OperationOutcome',
    meta: { profile: [dialects.STU3.profile] },
    issue: diagnostics.map((text) => issue('NOT_IMPLEMENTED', 'warning', text, 'STU3')),
  }
}

function issue(code: SpineCode, severity: 'error' | 'warning', diagnostics: string, version: FhirVersion) {
  const meaning = errors[code]
  return {
    severity,
    code: meaning.issue,
    details: { coding: [{ system: dialects[version].system, code, display: meaning.display }] },
    diagnostics,
  }
}
