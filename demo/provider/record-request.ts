import { type Call, objectsIn, resourceIn } from './call.ts'
import { FhirError } from './fhir-error.ts'
import type { DemoPatient, PatientIndex } from './patients.ts'
import { type FhirJson, nhsNumberSystem } from './resource.ts'

/** Which parts of a record were asked for. */
export interface RecordRequest {
  readonly patient: DemoPatient
  readonly allergies: 'none' | 'active' | 'all'
  readonly medications: 'none' | 'plans' | 'issues'
  readonly consultations: boolean
  readonly problems: boolean
  readonly immunisations: boolean
  readonly uncategorised: boolean
  /** Parameters that this provider does not know: it answers without them and says so. */
  readonly unknown: readonly string[]
}

const known = new Set([
  'patientNHSNumber',
  'includeAllergies',
  'includeMedication',
  'includeConsultations',
  'includeProblems',
  'includeImmunisations',
  'includeUncategorisedData',
])

/** Reads the Parameters of `$gpc.getstructuredrecord`. Throws `FhirError` for what the operation's definition forbids. */
export function readRecordRequest(call: Call, patients: PatientIndex): RecordRequest {
  const parameters = objectsIn(resourceIn(call, 'Parameters')['parameter'])
  const find = (name: string) => parameters.find((parameter) => parameter['name'] === name)
  const patient = readPatient(find('patientNHSNumber'), patients)
  const resolved = readFlag(find('includeAllergies'), 'includeAllergies', 'includeResolvedAllergies', true)
  const issues = readFlag(find('includeMedication'), 'includeMedication', 'includePrescriptionIssues', false)
  return {
    patient,
    allergies: resolved === undefined ? 'none' : resolved ? 'all' : 'active',
    medications: issues === undefined ? 'none' : issues ? 'issues' : 'plans',
    consultations: find('includeConsultations') !== undefined,
    problems: find('includeProblems') !== undefined,
    immunisations: find('includeImmunisations') !== undefined,
    uncategorised: find('includeUncategorisedData') !== undefined,
    unknown: parameters.map((parameter) => String(parameter['name'])).filter((name) => !known.has(name)),
  }
}

/** Reads the Parameters of `$gpc.migratestructuredrecord`: the whole record, or none of it. Throws `FhirError`. */
export function readMigrateRequest(call: Call, patients: PatientIndex): RecordRequest {
  const parameters = objectsIn(resourceIn(call, 'Parameters')['parameter'])
  const find = (name: string) => parameters.find((parameter) => parameter['name'] === name)
  const patient = readPatient(find('patientNHSNumber'), patients)
  const foreign = parameters.find((parameter) => !['patientNHSNumber', 'includeFullRecord'].includes(String(parameter['name'])))
  if (foreign !== undefined)
    throw new FhirError('INVALID_PARAMETER', `The parameter ${String(foreign['name'])} is not one of this operation.`)
  const whole = readFlag(find('includeFullRecord'), 'includeFullRecord', 'includeSensitiveInformation', true) !== undefined
  return {
    patient,
    allergies: whole ? 'all' : 'none',
    medications: whole ? 'issues' : 'none',
    consultations: whole,
    problems: whole,
    immunisations: whole,
    uncategorised: whole,
    unknown: [],
  }
}

/** The patient of a `patientNHSNumber` parameter. Throws `FhirError`: no such parameter, not an NHS number, not here, not willing to share. */
export function readPatient(parameter: FhirJson | undefined, patients: PatientIndex, system = nhsNumberSystem): DemoPatient {
  const identifier = parameter?.['valueIdentifier'] as FhirJson | undefined
  if (parameter === undefined || typeof identifier?.['value'] !== 'string')
    throw new FhirError('INVALID_PARAMETER', 'The parameter patientNHSNumber with a valueIdentifier is missing.')
  if (identifier['system'] !== system) throw new FhirError('INVALID_IDENTIFIER_SYSTEM', `The identifier system must be ${system}.`)
  const patient = patients.byNhsNumber(identifier['value'])
  if (patient === undefined || patient.registration !== 'R')
    throw new FhirError('PATIENT_NOT_FOUND', 'No patient with a regular registration has this NHS number.')
  if (patient.dissents) throw new FhirError('NO_PATIENT_CONSENT', 'The patient has refused to have the record shared.')
  return patient
}

/** The boolean part of a parameter: undefined where the parameter is absent, `false` where only an optional part is. Throws `FhirError`. */
function readFlag(parameter: FhirJson | undefined, name: string, partName: string, required: boolean): boolean | undefined {
  if (parameter === undefined) return undefined
  const part = objectsIn(parameter['part']).find((one) => one['name'] === partName)
  if (part === undefined && !required) return false
  const value = part?.['valueBoolean']
  if (typeof value !== 'boolean')
    throw new FhirError('INVALID_PARAMETER', `The parameter ${name} needs the part ${partName} with a valueBoolean.`)
  return value
}
