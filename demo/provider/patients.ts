import { FhirError } from './fhir-error.ts'
import { isNhsNumber } from './nhs-number.ts'
import { organization, practitioners } from './practice.ts'
import { concept, meta, nhsNumberSystem, type Resource, reference } from './resource.ts'

/** A made-up person, and what the practice's record may do with them. */
export interface DemoPatient {
  readonly id: string
  /** From the range beginning with 999, which is never given to a person. */
  readonly nhsNumber: string
  readonly prefix: string
  readonly given: string
  readonly family: string
  readonly gender: 'female' | 'male' | 'other'
  readonly birthDate: string
  /** `T` is a temporary registration, made by `$gpc.registerpatient`. */
  readonly registration: 'R' | 'T'
  readonly registeredOn: string
  /** Has refused to have the record shared: the record and the documents are answered with NO_PATIENT_CONSENT. */
  readonly dissents: boolean
}

/** The patients the practice begins with. */
export const demoPatients: readonly DemoPatient[] = [
  person('1', '9990000018', 'Mrs', 'Ada', 'Fernsby', 'female', '1948-02-29'),
  person('2', '9990000026', 'Mr', 'Idris', 'Quill', 'male', '1971-08-14'),
  person('3', '9990000034', 'Ms', 'Nóra', "O'Sealgair", 'female', '1996-11-03'),
  person('4', '9990000042', 'Mr', 'Wilfred', 'Tamsin-Holloway', 'male', '2015-05-20'),
  { ...person('5', '9990000050', 'Mx', 'Robin', 'Ashgrove', 'other', '1984-01-07'), dissents: true },
]

function person(id: string, nhsNumber: string, prefix: string, given: string, family: string, gender: DemoPatient['gender'], born: string) {
  return {
    id,
    nhsNumber,
    prefix,
    given,
    family,
    gender,
    birthDate: born,
    registration: 'R',
    registeredOn: `${born}T09:00:00+00:00`,
    dissents: false,
  } as const
}

/** A patient as the STU3 resource. */
export function patientResource(patient: DemoPatient): Resource {
  return {
    resourceType: 'Patient',
    id: patient.id,
    meta: meta('CareConnect-GPC-Patient-1', '1'),
    extension: [
      {
        url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-RegistrationDetails-1',
        extension: [
          { url: 'registrationPeriod', valuePeriod: { start: patient.registeredOn } },
          {
            url: 'registrationType',
            valueCodeableConcept: concept(
              'https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-RegistrationType-1',
              patient.registration,
              patient.registration === 'T' ? 'Temporary' : 'Regular',
            ),
          },
        ],
      },
    ],
    identifier: [
      {
        extension: [
          {
            url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-NHSNumberVerificationStatus-1',
            valueCodeableConcept: concept(
              'https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1',
              '01',
              'Number present and verified',
            ),
          },
        ],
        system: nhsNumberSystem,
        value: patient.nhsNumber,
      },
    ],
    active: true,
    name: [
      {
        use: 'official',
        text: `${patient.given} ${patient.family.toUpperCase()}`.trim(),
        family: patient.family,
        // FHIR knows no empty strings: what is not known is left out.
        ...(patient.given === '' ? {} : { given: [patient.given] }),
        ...(patient.prefix === '' ? {} : { prefix: [patient.prefix] }),
      },
    ],
    telecom: [{ system: 'phone', value: `07700 90000${Number(patient.id) % 10}`, use: 'mobile' }],
    gender: patient.gender,
    birthDate: patient.birthDate,
    address: [{ use: 'home', type: 'physical', line: [`${patient.id} Test Terrace`], city: 'Exampleton', postalCode: 'ZZ99 3CZ' }],
    generalPractitioner: [reference(practitioners[Number(patient.id) % 2]!)],
    managingOrganization: reference(organization),
  }
}

/** The patients of the practice, those registered since the start included; at most `limit` of the latter, the oldest leave first. */
export interface PatientIndex {
  /** Throws `FhirError` PATIENT_NOT_FOUND. */
  byId(id: string): DemoPatient
  /** Undefined for a valid number that nobody here has. Throws `FhirError` INVALID_NHS_NUMBER. */
  byNhsNumber(nhsNumber: string): DemoPatient | undefined
  /** Adds a temporary registration under the next free id. */
  register(details: Omit<DemoPatient, 'id' | 'registration' | 'dissents'>): DemoPatient
}

/** Makes the index, beginning with the demo's patients. */
export function patientIndex(limit = 100): PatientIndex {
  const registered = new Map<string, DemoPatient>()
  let lastId = demoPatients.length
  const all = () => [...demoPatients, ...registered.values()]
  return {
    byId(id) {
      const found = all().find((patient) => patient.id === id)
      if (found === undefined) throw new FhirError('PATIENT_NOT_FOUND', `No patient has the id ${id}.`)
      return found
    },
    byNhsNumber(nhsNumber) {
      if (!isNhsNumber(nhsNumber))
        throw new FhirError('INVALID_NHS_NUMBER', 'An NHS number is ten digits, the last a modulus-11 check digit.')
      return all().find((patient) => patient.nhsNumber === nhsNumber)
    },
    register(details) {
      lastId += 1
      const patient: DemoPatient = { ...details, id: String(lastId), registration: 'T', dissents: false }
      registered.set(patient.id, patient)
      for (const id of registered.keys()) {
        if (registered.size <= limit) break
        registered.delete(id)
      }
      return patient
    },
  }
}
