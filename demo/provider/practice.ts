import { concept, meta, type Resource, reference } from './resource.ts'

/** ODS code of the demo practice, as the directory of the development world has it. */
export const practiceOdsCode = 'T99999'

/** The practice. Name, address and telephone are invented (the number is in Ofcom's range for drama). */
export const organization: Resource = {
  resourceType: 'Organization',
  id: '1',
  meta: meta('CareConnect-GPC-Organization-1', '1'),
  identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: practiceOdsCode }],
  active: true,
  name: 'Heron Lane Demonstration Practice',
  telecom: [{ system: 'phone', value: '01632 960001', use: 'work' }],
  address: [{ use: 'work', line: ['1 Heron Lane'], city: 'Exampleton', postalCode: 'ZZ99 3VZ' }],
}

/** Where the practice sees its patients. */
export const location: Resource = {
  resourceType: 'Location',
  id: '1',
  meta: meta('CareConnect-GPC-Location-1', '1'),
  identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-site-code', value: practiceOdsCode }],
  status: 'active',
  name: 'Heron Lane Surgery',
  telecom: [{ system: 'phone', value: '01632 960001', use: 'work' }],
  address: { use: 'work', line: ['1 Heron Lane'], city: 'Exampleton', postalCode: 'ZZ99 3VZ' },
  managingOrganization: reference(organization),
}

function practitioner(id: string, sdsUserId: string, prefix: string, given: string, family: string, gender: string): Resource {
  return {
    resourceType: 'Practitioner',
    id,
    meta: meta('CareConnect-GPC-Practitioner-1', '1'),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/sds-user-id', value: sdsUserId }],
    active: true,
    name: [{ use: 'usual', family, given: [given], prefix: [prefix] }],
    gender,
  }
}

/** The service that the practice offers, by its number in the Directory of Services. */
export const healthcareService: Resource = {
  resourceType: 'HealthcareService',
  id: '1',
  meta: meta('CareConnect-GPC-HealthcareService-1', '1'),
  identifier: [{ system: 'https://fhir.nhs.uk/Id/uec-dos-service-id', value: '2000099999' }],
  active: true,
  providedBy: reference(organization),
  name: 'Heron Lane general practice',
}

/** The two general practitioners. */
export const practitioners: readonly Resource[] = [
  practitioner('1', 'T13579135', 'Dr', 'Miriam', 'Okafor-Lind', 'female'),
  practitioner('2', 'T24680246', 'Dr', 'Tomos', 'Penhallow', 'male'),
]

/** What each of them is: a general medical practitioner of the practice. */
export const practitionerRoles: readonly Resource[] = practitioners.map((one) => ({
  resourceType: 'PractitionerRole',
  id: one.id ?? '',
  meta: meta('CareConnect-GPC-PractitionerRole-1', '1'),
  practitioner: reference(one),
  organization: reference(organization),
  code: [concept('https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-SDSJobRoleName-1', 'R0260', 'General Medical Practitioner')],
}))

/** One schedule for each practitioner. */
export const schedules: readonly Resource[] = practitioners.map((one) => ({
  resourceType: 'Schedule',
  id: one.id ?? '',
  meta: meta('GPConnect-Schedule-1', '1'),
  extension: [
    {
      url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-PractitionerRole-1',
      valueCodeableConcept: concept(
        'https://fhir.hl7.org.uk/STU3/CodeSystem/CareConnect-SDSJobRoleName-1',
        'R0260',
        'General Medical Practitioner',
      ),
    },
  ],
  serviceCategory: { text: 'General practice' },
  actor: [reference(location), reference(one)],
  comment: 'General appointments',
}))
