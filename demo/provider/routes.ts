import { type Appointment, type AppointmentBook, appointmentBook, etag } from './appointments.ts'
import { type Answer, type Call, identifierValue, resourceIn } from './call.ts'
import { capabilityStatement, documentsCapabilityStatement, dstu2Conformance } from './capability.ts'
import { careRecord } from './care-record.ts'
import { readBinary, searchDocuments } from './documents.ts'
import { FhirError, type SpineCode } from './fhir-error.ts'
import { type PatientIndex, patientIndex, patientResource } from './patients.ts'
import { healthcareService, location, organization, practitionerRoles, practitioners } from './practice.ts'
import { readMigrateRequest, readRecordRequest } from './record-request.ts'
import { registerPatient } from './registration.ts'
import { nhsNumberSystem, type Resource, searchset, serviceRoot } from './resource.ts'
import { searchDate } from './search-date.ts'
import { searchSlots } from './slots.ts'
import { structuredRecord } from './structured-record.ts'

/** What the practice remembers between calls, and its clock. */
export interface Practice {
  readonly patients: PatientIndex
  readonly appointments: AppointmentBook
  now(): number
}

/** A practice as it is before the first call. */
export function newPractice(now: () => number): Practice {
  return { patients: patientIndex(), appointments: appointmentBook(now), now }
}

/** One thing the provider can be asked. `{id}` in the path stands for one segment. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  answer(call: Call, practice: Practice): Answer
}

const stu3 = '/T99999/STU3/1'
const dstu2 = '/T99999/DSTU2/1'

/** Everything the provider can be asked; nothing else is answered. */
export const routes: readonly Route[] = [
  route('GET', `${stu3}/metadata`, () => capabilityStatement),
  route('GET', `${stu3}/Patient`, searchPatient),
  route('GET', `${stu3}/Patient/{id}`, ({ id }, { patients }) => patientResource(patients.byId(id))),
  route('POST', `${stu3}/Patient/$gpc.getstructuredrecord`, (call, { patients, now }) =>
    structuredRecord(readRecordRequest(call, patients), traceId(call), now()),
  ),
  route('POST', `${stu3}/Patient/$gpc.migratestructuredrecord`, (call, { patients, now }) =>
    structuredRecord(readMigrateRequest(call, patients), traceId(call), now()),
  ),
  route('POST', `${stu3}/Patient/$gpc.registerpatient`, (call, { patients, now }) => registerPatient(call, patients, now())),
  route('GET', `${stu3}/Practitioner`, (call) => {
    const found = searchIdentified(call, practitioners, 'https://fhir.nhs.uk/Id/sds-user-id')
    return searchset(
      found,
      practitionerRoles.filter(({ id }) => found.some((one) => one.id === id)),
    )
  }),
  route('GET', `${stu3}/Practitioner/{id}`, ({ id }) => oneOf(practitioners, id, 'PRACTITIONER_NOT_FOUND')),
  route('GET', `${stu3}/Organization`, (call) =>
    searchset(searchIdentified(call, [organization], 'https://fhir.nhs.uk/Id/ods-organization-code')),
  ),
  route('GET', `${stu3}/Organization/{id}`, ({ id }) => oneOf([organization], id, 'ORGANISATION_NOT_FOUND')),
  route('GET', `${stu3}/Location/{id}`, ({ id }) => oneOf([location], id, 'NO_RECORD_FOUND')),
  route('GET', `${stu3}/HealthcareService`, (call) =>
    searchset(
      call.query.has('identifier')
        ? searchIdentified(call, [healthcareService], 'https://fhir.nhs.uk/Id/uec-dos-service-id')
        : [healthcareService],
    ),
  ),
  route('GET', `${stu3}/HealthcareService/{id}`, ({ id }) => oneOf([healthcareService], id, 'NO_RECORD_FOUND')),
  route('GET', `${stu3}/Slot`, (call, { appointments }) => searchSlots(call, appointments.isFree)),
  {
    method: 'POST',
    path: `${stu3}/Appointment`,
    answer: (call, { appointments, patients }) => {
      const created = appointments.create(resourceIn(call, 'Appointment'), (id) => patients.byId(id).id === id)
      return { ...appointmentAnswer(created), status: 201 }
    },
  },
  {
    method: 'GET',
    path: `${stu3}/Appointment/{id}`,
    answer: ({ id }, { appointments }) => appointmentAnswer(appointments.read(id)),
  },
  {
    method: 'PUT',
    path: `${stu3}/Appointment/{id}`,
    answer: (call, { appointments }) =>
      appointmentAnswer(appointments.update(call.id, resourceIn(call, 'Appointment'), call.headers['if-match'])),
  },
  route('GET', `${stu3}/Patient/{id}/Appointment`, patientAppointments),
  route('GET', `${stu3}/documents/metadata`, () => documentsCapabilityStatement),
  route('GET', `${stu3}/documents/Patient`, searchPatient),
  route('GET', `${stu3}/documents/Patient/{id}/DocumentReference`, (call, { patients }) => searchDocuments(call, patients.byId(call.id))),
  route('GET', `${stu3}/documents/Binary/{id}`, ({ id }) => readBinary(id)),
  route('GET', `${dstu2}/metadata`, () => dstu2Conformance),
  route('POST', `${dstu2}/Patient/$gpc.getcarerecord`, (call, { patients, now }) => careRecord(call, patients, now())),
]

function route(method: Route['method'], path: string, resource: (call: Call, practice: Practice) => Resource): Route {
  return { method, path, answer: (call, practice) => ({ resource: resource(call, practice) }) }
}

function traceId(call: Call): string {
  return String(call.headers['ssp-traceid'] ?? '')
}

/** A number that nobody here has is an empty answer, not an error. */
function searchPatient(call: Call, { patients }: Practice): Resource {
  const patient = patients.byNhsNumber(identifierValue(call, nhsNumberSystem))
  return searchset(patient === undefined ? [] : [patientResource(patient)])
}

function searchIdentified(call: Call, resources: readonly Resource[], system: string): readonly Resource[] {
  const value = identifierValue(call, system)
  return resources.filter(({ identifier }) => (identifier as readonly { value: string }[]).some((one) => one.value === value))
}

function oneOf(resources: readonly Resource[], id: string, missing: SpineCode): Resource {
  const found = resources.find((resource) => resource.id === id)
  if (found === undefined) throw new FhirError(missing, `Nothing here has the id ${id}.`)
  return found
}

function patientAppointments(call: Call, { patients, appointments }: Practice): Resource {
  const patient = patients.byId(call.id)
  const starts = call.query.getAll('start')
  if (starts.length === 0 || starts.length > 2)
    throw new FhirError('INVALID_PARAMETER', 'The query parameter start must stand once or twice.')
  let from = 0
  let to = Number.POSITIVE_INFINITY
  for (const start of starts) {
    if (start.startsWith('le')) to = searchDate('start', start, 'le')
    else from = searchDate('start', start, 'ge')
  }
  return searchset(appointments.ofPatient(patient.id, from, to).map(({ resource }) => resource))
}

/** The version stands in the ETag, and where to find it in Location. */
function appointmentAnswer(appointment: Appointment): Answer {
  const place = `${serviceRoot}/Appointment/${appointment.id}`
  return {
    resource: appointment.resource,
    headers: { ETag: etag(appointment), ...(appointment.version === 1 ? { Location: `${place}/_history/1` } : {}) },
  }
}
