import type { Resource } from './resource.ts'

const published = '2026-11-01T00:00:00+00:00'
const software = { name: 'Spine Security Proxy demo provider', version: '1' }

interface Supported {
  readonly type: string
  readonly interactions: readonly string[]
  readonly searchParameters?: readonly { readonly name: string; readonly type: string }[]
  readonly includes?: readonly string[]
}

const identifier = { name: 'identifier', type: 'token' }

const foundations: readonly Supported[] = [
  { type: 'Patient', interactions: ['read', 'search-type'], searchParameters: [identifier] },
  { type: 'Practitioner', interactions: ['read', 'search-type'], searchParameters: [identifier] },
  { type: 'Organization', interactions: ['read', 'search-type'], searchParameters: [identifier] },
  { type: 'Location', interactions: ['read'] },
  { type: 'HealthcareService', interactions: ['read', 'search-type'], searchParameters: [identifier] },
  {
    type: 'Slot',
    interactions: ['search-type'],
    searchParameters: [
      { name: 'start', type: 'date' },
      { name: 'end', type: 'date' },
      { name: 'status', type: 'token' },
      { name: 'searchFilter', type: 'token' },
    ],
    includes: ['Slot:schedule', 'Schedule:actor:Practitioner', 'Schedule:actor:Location', 'Location:managingOrganization'],
  },
  {
    type: 'Appointment',
    interactions: ['read', 'create', 'update', 'search-type'],
    searchParameters: [{ name: 'start', type: 'date' }],
  },
]

const operations = [
  { name: 'gpc.registerpatient', definition: 'GPConnect-RegisterPatient-Operation-1' },
  { name: 'gpc.getstructuredrecord', definition: 'GPConnect-GetStructuredRecord-Operation-1' },
  { name: 'gpc.migratestructuredrecord', definition: 'GPConnect-MigrateStructuredRecord-Operation-1' },
].map(({ name, definition }) => ({ name, definition: { reference: `https://fhir.nhs.uk/STU3/OperationDefinition/${definition}` } }))

const accessDocuments: readonly Supported[] = [
  { type: 'Patient', interactions: ['search-type'], searchParameters: [identifier] },
  { type: 'DocumentReference', interactions: ['search-type'], searchParameters: [{ name: 'created', type: 'date' }] },
  { type: 'Binary', interactions: ['read'] },
]

/** What the Foundations, Appointments and Structured service can do. */
export const capabilityStatement: Resource = statement('1.6.2', foundations, operations)

/** What the Access Document service can do. */
export const documentsCapabilityStatement: Resource = statement('1.6.2', accessDocuments, [])

/** What the DSTU2 service can do: a Conformance, as that generation calls it. */
export const dstu2Conformance: Resource = {
  resourceType: 'Conformance',
  version: '0.7.4',
  name: 'GP Connect demo provider, Access Record HTML',
  status: 'draft',
  date: published,
  publisher: 'Heron Lane Demonstration Practice',
  kind: 'instance',
  software,
  fhirVersion: '1.0.2',
  acceptUnknown: 'both',
  format: ['application/json+fhir'],
  rest: [
    {
      mode: 'server',
      operation: [
        {
          name: 'gpc.getcarerecord',
          definition: { reference: 'http://fhir.nhs.net/OperationDefinition/gpconnect-carerecord-operation-1' },
        },
      ],
    },
  ],
}

function statement(version: string, resources: readonly Supported[], operation: readonly object[]): Resource {
  return {
    resourceType: 'CapabilityStatement',
    version,
    name: 'GP Connect demo provider',
    status: 'draft',
    date: published,
    publisher: 'Heron Lane Demonstration Practice',
    kind: 'instance',
    software,
    fhirVersion: '3.0.1',
    acceptUnknown: 'both',
    format: ['application/fhir+json'],
    rest: [
      {
        mode: 'server',
        security: { cors: false },
        resource: resources.map(({ type, interactions, searchParameters, includes }) => ({
          type,
          interaction: interactions.map((code) => ({ code })),
          ...(includes === undefined ? {} : { searchInclude: includes }),
          ...(searchParameters === undefined ? {} : { searchParam: searchParameters }),
        })),
        ...(operation.length === 0 ? {} : { operation }),
      },
    ],
  }
}
