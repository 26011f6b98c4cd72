/** One operation of an API whose form is published: how it must look on the wire. */
export interface Interaction {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** What follows the registered service root, anchored, without the query. */
  readonly path: RegExp
  /** The same for people and analytics: identifiers are `{id}`. */
  readonly template: string
  /** The audit token's scope that fits. */
  readonly scope: 'patient/*.read' | 'patient/*.write' | 'organization/*.read'
  readonly profile: 'stu3' | 'dstu2' | 'flat'
  /** Any media type may be in the body or asked for. */
  readonly binary: boolean
  /** The body is a `Parameters` whose beginning names the patient by NHS number. */
  readonly bodyNamesPatient: boolean
}

const prefix = 'urn:nhs:names:services:gpconnect:'
const id = '[A-Za-z0-9.-]{1,64}'

type Row = readonly [
  suffix: string,
  method: Interaction['method'],
  template: string,
  scope: Interaction['scope'],
  profile?: Interaction['profile'],
]

/** The operations of GP Connect (contract, section 9). `{id}` is a FHIR id; an operation's `$` may come as `%24`. */
const rows: readonly Row[] = [
  ['fhir:rest:read:metadata-1', 'GET', '/metadata', 'organization/*.read'],
  ['fhir:rest:read:patient-1', 'GET', '/Patient/{id}', 'patient/*.read'],
  ['fhir:rest:search:patient-1', 'GET', '/Patient', 'patient/*.read'],
  ['fhir:rest:read:practitioner-1', 'GET', '/Practitioner/{id}', 'organization/*.read'],
  ['fhir:rest:search:practitioner-1', 'GET', '/Practitioner', 'organization/*.read'],
  ['fhir:rest:read:organization-1', 'GET', '/Organization/{id}', 'organization/*.read'],
  ['fhir:rest:search:organization-1', 'GET', '/Organization', 'organization/*.read'],
  ['fhir:rest:read:location-1', 'GET', '/Location/{id}', 'organization/*.read'],
  ['fhir:rest:read:healthcareservice-1', 'GET', '/HealthcareService/{id}', 'organization/*.read'],
  ['fhir:rest:search:healthcareservice-1', 'GET', '/HealthcareService', 'organization/*.read'],
  ['fhir:operation:gpc.registerpatient-1', 'POST', '/Patient/$gpc.registerpatient', 'patient/*.write'],
  ['fhir:rest:search:slot-1', 'GET', '/Slot', 'organization/*.read'],
  ['fhir:rest:create:appointment-1', 'POST', '/Appointment', 'patient/*.write'],
  ['fhir:rest:read:appointment-1', 'GET', '/Appointment/{id}', 'patient/*.read'],
  ['fhir:rest:update:appointment-1', 'PUT', '/Appointment/{id}', 'patient/*.write'],
  ['fhir:rest:cancel:appointment-1', 'PUT', '/Appointment/{id}', 'patient/*.write'],
  ['fhir:rest:search:patient_appointments-1', 'GET', '/Patient/{id}/Appointment', 'patient/*.read'],
  ['fhir:operation:gpc.getstructuredrecord-1', 'POST', '/Patient/$gpc.getstructuredrecord', 'patient/*.read'],
  ['structured:fhir:rest:read:metadata-1', 'GET', '/metadata', 'organization/*.read'],
  ['fhir:operation:gpc.migratestructuredrecord-1', 'POST', '/Patient/$gpc.migratestructuredrecord', 'patient/*.read'],
  ['documents:fhir:rest:read:metadata-1', 'GET', '/metadata', 'organization/*.read'],
  ['documents:fhir:rest:search:patient-1', 'GET', '/Patient', 'patient/*.read'],
  ['documents:fhir:rest:search:documentreference-1', 'GET', '/Patient/{id}/DocumentReference', 'patient/*.read'],
  ['documents:fhir:rest:read:binary-1', 'GET', '/Binary/{id}', 'patient/*.read'],
  ['documents:fhir:rest:migrate:binary-1', 'GET', '/Binary/{id}', 'patient/*.read'],
  ['fhir:rest:read:metadata', 'GET', '/metadata', 'organization/*.read', 'dstu2'],
  ['fhir:operation:gpc.getcarerecord', 'POST', '/Patient/$gpc.getcarerecord', 'patient/*.read', 'dstu2'],
]

const namesPatient = /\/\$gpc\.(?:getstructuredrecord|getcarerecord|migratestructuredrecord)$/

/** Every interaction whose form is known, by its id. */
export const interactions: ReadonlyMap<string, Interaction> = new Map(
  rows.map(([suffix, method, template, scope, profile = 'stu3']) => [
    prefix + suffix,
    {
      id: prefix + suffix,
      method,
      path: pathPattern(template),
      template,
      scope,
      profile,
      binary: template.startsWith('/Binary'),
      bodyNamesPatient: namesPatient.test(template),
    },
  ]),
)

/** The interaction of that exact id (ids are compared with case), if its form is known. */
export function findInteraction(urn: string): Interaction | undefined {
  return interactions.get(urn)
}

function pathPattern(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.$]/g, '\\$&').replace('\\$', '(?:\\$|%24)').replaceAll('{id}', id)}$`)
}
