import { type Call, isObject, objectsIn, resourceIn } from './call.ts'
import { FhirError } from './fhir-error.ts'
import { isNhsNumber, isTestNhsNumber } from './nhs-number.ts'
import { type PatientIndex, patientResource } from './patients.ts'
import { type FhirJson, nhsNumberSystem, type Resource, searchset } from './resource.ts'

const genders = ['female', 'male', 'other'] as const
const day = /^\d{4}-\d{2}-\d{2}$/

/**
 * `$gpc.registerpatient`: a temporary registration, answered with a searchset of the one patient. Only numbers of the test range are
 * accepted, so that nobody's own details end up here; any other valid number fails as a trace of it would. Throws `FhirError`.
 */
export function registerPatient(call: Call, patients: PatientIndex, now: number): Resource {
  const parameters = objectsIn(resourceIn(call, 'Parameters')['parameter'])
  const patient = parameters.find((parameter) => parameter['name'] === 'registerPatient')?.['resource']
  if (!isObject(patient) || patient['resourceType'] !== 'Patient')
    throw new FhirError('INVALID_PARAMETER', 'The parameter registerPatient with a Patient is missing.')
  const nhsNumber = readNhsNumber(patient)
  const { birthDate } = patient
  if (typeof birthDate !== 'string' || !day.test(birthDate) || Number.isNaN(Date.parse(birthDate)))
    throw new FhirError('INVALID_RESOURCE', 'The birthDate must be a whole date.')
  const names = objectsIn(patient['name']).filter(({ use }) => use === 'official' || use === 'usual')
  const [name] = names
  if (name === undefined || typeof name['family'] !== 'string' || name['family'] === '')
    throw new FhirError('INVALID_RESOURCE', 'The patient needs a name of use official with a family name.')
  if (!isTestNhsNumber(nhsNumber))
    throw new FhirError('INVALID_PATIENT_DEMOGRAPHICS', 'This practice can trace only numbers of the test range, which begin with 999.')
  if (patients.byNhsNumber(nhsNumber) !== undefined)
    throw new FhirError('DUPLICATE_REJECTED', 'A patient with this NHS number is registered already.')
  const registered = patients.register({
    nhsNumber,
    prefix: firstText(name['prefix']),
    given: firstText(name['given']),
    family: name['family'].slice(0, 100),
    gender: genders.find((gender) => gender === patient['gender']) ?? 'other',
    birthDate,
    registeredOn: new Date(now).toISOString(),
  })
  return searchset([patientResource(registered)])
}

function readNhsNumber(patient: FhirJson): string {
  const numbers = objectsIn(patient['identifier']).filter(({ system }) => system === nhsNumberSystem)
  const value = numbers[0]?.['value']
  if (numbers.length !== 1 || typeof value !== 'string')
    throw new FhirError('BAD_REQUEST', `The patient needs exactly one identifier of the system ${nhsNumberSystem}.`)
  if (!isNhsNumber(value)) throw new FhirError('INVALID_NHS_NUMBER', 'An NHS number is ten digits, the last a modulus-11 check digit.')
  return value
}

function firstText(value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof first === 'string' ? first.slice(0, 100) : ''
}
