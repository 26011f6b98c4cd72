import { isDeepStrictEqual } from 'node:util'
import { isObject, objectsIn } from './call.ts'
import { FhirError } from './fhir-error.ts'
import { type FhirJson, meta, type Resource } from './resource.ts'
import { type Slot, slotOfId } from './slots.ts'

/** An appointment and its version; the version is what the ETag says. */
export interface Appointment {
  readonly id: string
  readonly version: number
  readonly patientId: string
  readonly start: number
  readonly resource: Resource
}

/** The practice's appointments. At most `limit` are kept: the oldest is forgotten and its slots are free again. */
export interface AppointmentBook {
  isFree(slot: Slot): boolean
  /** Books the slots of a new appointment. Throws `FhirError`; DUPLICATE_REJECTED where a slot is taken. */
  create(proposed: Resource, patientExists: (id: string) => boolean): Appointment
  /** Throws `FhirError` NO_RECORD_FOUND. */
  read(id: string): Appointment
  /** Amends or cancels. Throws `FhirError`; FHIR_CONSTRAINT_VIOLATION (409) where `ifMatch` is not the version in force. */
  update(id: string, proposed: Resource, ifMatch: string | undefined): Appointment
  /** Of one patient, those that start in the period. */
  ofPatient(patientId: string, from: number, to: number): readonly Appointment[]
}

const bookingOrganisation = 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-BookingOrganisation-1'
const cancellationReason = 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1'
const serverExtensions = [
  { url: 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel-2', valueCode: 'In-person' },
]

/** Makes an empty book. */
export function appointmentBook(now: () => number, limit = 500): AppointmentBook {
  const appointments = new Map<string, Appointment>()
  const taken = new Map<string, string>()
  let lastId = 0

  const free = (id: string) => {
    for (const [slot, appointment] of taken) if (appointment === id) taken.delete(slot)
  }
  const read = (id: string) => {
    const found = appointments.get(id)
    if (found === undefined) throw new FhirError('NO_RECORD_FOUND', `No appointment has the id ${id}.`)
    return found
  }
  return {
    isFree: (slot) => !taken.has(slot.id),
    read,
    create(proposed, patientExists) {
      const slots = checkProposal(proposed, patientExists, now())
      if (slots.some(({ id }) => taken.has(id))) throw new FhirError('DUPLICATE_REJECTED', 'A slot of the appointment is no longer free.')
      lastId += 1
      const id = String(lastId)
      const extension = [...objectsIn(proposed['extension']), ...serverExtensions]
      const appointment = stored({ ...proposed, extension }, id, 1, actorId(proposed, 'Patient'), slots[0]!.start)
      appointments.set(id, appointment)
      for (const slot of slots) taken.set(slot.id, id)
      for (const oldest of appointments.keys()) {
        if (appointments.size <= limit) break
        appointments.delete(oldest)
        free(oldest)
      }
      return appointment
    },
    update(id, proposed, ifMatch) {
      const current = read(id)
      if (ifMatch === undefined) throw new FhirError('BAD_REQUEST', 'The header If-Match with the ETag of the appointment is missing.')
      if (ifMatch !== etag(current))
        throw new FhirError('FHIR_CONSTRAINT_VIOLATION', `If-Match is not the version in force, which is ${etag(current)}.`)
      checkChange(current, proposed, now())
      const next = stored({ ...proposed }, id, current.version + 1, current.patientId, current.start)
      appointments.set(id, next)
      if (proposed['status'] === 'cancelled') free(id)
      return next
    },
    ofPatient: (patientId, from, to) =>
      [...appointments.values()].filter((one) => one.patientId === patientId && one.start >= from && one.start <= to),
  }
}

/** The weak entity tag of an appointment's version. */
export function etag(appointment: Appointment): string {
  return `W/"${appointment.version}"`
}

function stored(resource: Resource, id: string, version: number, patientId: string, start: number): Appointment {
  return { id, version, patientId, start, resource: { ...resource, id, meta: meta('GPConnect-Appointment-1', String(version)) } }
}

/** What GP Connect demands of a booking; the slots that it asks for. */
function checkProposal(proposed: Resource, patientExists: (id: string) => boolean, now: number): readonly [Slot, ...Slot[]] {
  const must = (fine: boolean, diagnostics: string) => {
    if (!fine) throw new FhirError('INVALID_RESOURCE', diagnostics)
  }
  must(proposed['status'] === 'booked', 'The status of a new appointment must be booked.')
  must(proposed['reason'] === undefined, 'An appointment must not carry a reason.')
  must(typeof proposed['created'] === 'string', 'The element created is missing.')
  const booker = objectsIn(proposed['extension']).find(({ url }) => url === bookingOrganisation)?.['valueReference']
  const contained = objectsIn(proposed['contained']).find(({ id }) => isObject(booker) && booker['reference'] === `#${String(id)}`)
  must(contained?.['resourceType'] === 'Organization', 'The extension for the booking organisation must refer to a contained Organization.')
  if (!patientExists(actorId(proposed, 'Patient')))
    throw new FhirError('REFERENCE_NOT_FOUND', 'The patient of the appointment is not known.')
  if (actorId(proposed, 'Location') !== '1') throw new FhirError('REFERENCE_NOT_FOUND', 'The location of the appointment is not known.')
  const slots = objectsIn(proposed['slot']).map((one) => slotOfId(String(one['reference']).replace(/^Slot\//, '')))
  const [first] = slots
  if (first === undefined || slots.includes(undefined))
    throw new FhirError('REFERENCE_NOT_FOUND', 'A slot of the appointment does not exist.')
  const all = slots as [Slot, ...Slot[]]
  const adjacent = all.every((slot, index) => index === 0 || (slot.schedule === first.schedule && slot.start === all[index - 1]!.end))
  must(adjacent, 'The slots of the appointment are not adjacent.')
  const times = [Date.parse(String(proposed['start'])), Date.parse(String(proposed['end']))]
  must(times[0] === first.start && times[1] === all.at(-1)!.end, 'Start and end are not those of the slots.')
  must(first.start > now, 'The appointment lies in the past.')
  return all
}

/** An amendment may change description and comment; a cancellation the status, and must give a reason. */
function checkChange(current: Appointment, proposed: Resource, now: number): void {
  const refuse = (diagnostics: string) => new FhirError('INVALID_RESOURCE', diagnostics)
  if (current.start <= now) throw refuse('The appointment lies in the past.')
  if (current.resource['status'] === 'cancelled') throw refuse('The appointment is cancelled.')
  const cancels = proposed['status'] === 'cancelled'
  if (!cancels && proposed['status'] !== 'booked') throw refuse('The status must be booked, or cancelled.')
  const reasons = objectsIn(proposed['extension']).filter(({ url }) => url === cancellationReason)
  if (cancels && typeof reasons[0]?.['valueString'] !== 'string') throw refuse('A cancellation must give its reason.')
  const ignored = cancels ? ['meta', 'status', 'extension'] : ['meta', 'description', 'comment', 'extension']
  const rest = (resource: Resource) => Object.fromEntries(Object.entries(resource).filter(([name]) => !ignored.includes(name)))
  const fixedExtensions = (resource: Resource) =>
    objectsIn(resource['extension']).filter((one) => !cancels || one['url'] !== cancellationReason)
  if (
    !isDeepStrictEqual(rest(proposed), rest(current.resource)) ||
    !isDeepStrictEqual(fixedExtensions(proposed), fixedExtensions(current.resource))
  )
    throw refuse(
      cancels ? 'A cancellation may change nothing but the status.' : 'An amendment may change the description and the comment only.',
    )
}

/** The id of the participant of one type. */
function actorId(appointment: Resource, type: string): string {
  const actors: readonly FhirJson[] = objectsIn(appointment['participant']).flatMap(({ actor }) => (isObject(actor) ? [actor] : []))
  const found = actors.map((actor) => String(actor['reference'])).find((text) => text.startsWith(`${type}/`))
  if (found === undefined) throw new FhirError('INVALID_RESOURCE', `The appointment has no participant of type ${type}.`)
  return found.slice(type.length + 1)
}
