/** What the demo shows: calls of the demo consumer, and what must become of each. */
export interface DemoCall {
  readonly title: string
  readonly method: 'GET' | 'POST'
  /** Behind the provider's service root. */
  readonly path: string
  readonly interaction: string
  /** Which pair of files in the folder of certificates the consumer presents. */
  readonly certificate: string
  readonly body?: object
  readonly expected: 'answered' | 'refused'
}

/** The parties of the development world, as the directory in `config/registry` has them. */
export const world = {
  consumer: { name: 'consumer.thirdparty.nhs.uk', asid: '200000000359', odsCode: 'T77777' },
  provider: {
    name: 'provider.thirdparty.nhs.uk',
    asid: '918999198993',
    odsCode: 'T99999',
    serviceRoot: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1',
  },
  proxy: { name: 'proxy.dev.spine2.ncrs.nhs.uk' },
} as const

const gpConnect = 'urn:nhs:names:services:gpconnect:fhir'
const nhsNumber = '9990000018'

/** The interaction of the call that is printed as a `curl` line. */
export const searchPatient = {
  interaction: `${gpConnect}:rest:search:patient-1`,
  path: `/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${nhsNumber}`,
} as const

/** The calls, in the order in which they are made. */
export const demoCalls: readonly DemoCall[] = [
  {
    ...searchPatient,
    title: 'Find a patient by NHS number',
    method: 'GET',
    certificate: 'consumer',
    expected: 'answered',
  },
  {
    title: 'Fetch her structured record',
    method: 'POST',
    path: '/Patient/$gpc.getstructuredrecord',
    interaction: `${gpConnect}:operation:gpc.getstructuredrecord-1`,
    certificate: 'consumer',
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patientNHSNumber', valueIdentifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
        { name: 'includeAllergies', part: [{ name: 'includeResolvedAllergies', valueBoolean: true }] },
        { name: 'includeMedication', part: [{ name: 'includePrescriptionIssues', valueBoolean: false }] },
        { name: 'includeProblems' },
      ],
    },
    expected: 'answered',
  },
  {
    title: 'Ask for something the consumer is not accredited for',
    method: 'GET',
    path: '/Patient/1/Immunization',
    interaction: `${gpConnect}:rest:search:immunization-1`,
    certificate: 'consumer',
    expected: 'refused',
  },
  {
    ...searchPatient,
    title: 'Find the patient again, with a revoked certificate',
    method: 'GET',
    certificate: 'bad-revoked',
    expected: 'refused',
  },
]
