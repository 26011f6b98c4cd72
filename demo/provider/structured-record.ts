import { randomUUID } from 'node:crypto'
import { clinicalContentOf } from './clinical-content.ts'
import {
  allergyIntolerance,
  bloodPressureObservation,
  immunization,
  medicationResources,
  problemCondition,
  type Subject,
} from './clinical-resources.ts'
import { warningOutcome } from './fhir-error.ts'
import { patientResource } from './patients.ts'
import { organization, practitionerRoles, practitioners } from './practice.ts'
import type { RecordRequest } from './record-request.ts'
import { concept, type FhirJson, meta, type Resource, reference, snomed } from './resource.ts'

const fhirId = /^[A-Za-z0-9.-]{1,64}$/

/**
 * The Bundle of a record: the patient, the practice, the usual GP, and for each part that was asked for a List of it and its resources.
 * The Bundle's id is the caller's trace id where that can be an id, as GP Connect has had it since 1.5.
 */
export function structuredRecord(request: RecordRequest, traceId: string, now: number): Resource {
  const patient = patientResource(request.patient)
  const usualGp = practitioners[Number(request.patient.id) % 2]!
  const role = practitionerRoles[Number(request.patient.id) % 2]!
  const content = clinicalContentOf(request.patient.id)
  const subject: Subject = { patient: reference(patient), recorder: reference(usualGp), prefix: `p${request.patient.id}` }
  const list = (title: string, code: string, entries: readonly Resource[], contained: readonly Resource[] = []) =>
    recordList({ title, code, entries, contained, subject: subject.patient, now })

  const resources: Resource[] = [patient, organization, usualGp, role]
  if (request.allergies !== 'none') {
    const allergies = content.allergies.map((allergy, index) => ({
      ended: allergy.ended,
      resource: allergyIntolerance(allergy, index, subject),
    }))
    const active = allergies.filter(({ ended }) => ended === undefined).map(({ resource }) => resource)
    resources.push(list('Allergies and adverse reactions', '886921000000105', active), ...active)
    // GP Connect keeps ended allergies inside their list, so that nobody takes them for active ones.
    if (request.allergies === 'all') {
      const ended = allergies.filter((allergy) => allergy.ended !== undefined).map(({ resource }) => resource)
      resources.push(list('Ended allergies', '1103671000000101', [], ended))
    }
  }
  if (request.medications !== 'none') {
    const sets = content.medications.map((medicine, index) =>
      medicationResources(medicine, index, request.medications === 'issues', subject),
    )
    resources.push(
      list(
        'Medications and medical devices',
        '933361000000108',
        sets.map((set) => set[1]!),
      ),
      ...sets.flat(),
    )
  }
  if (request.consultations) resources.push(list('List of consultations', '1149501000000101', []))
  if (request.problems) {
    const problems = content.problems.map((problem, index) => problemCondition(problem, index, subject))
    resources.push(list('Problems', '717711000000103', problems), ...problems)
  }
  if (request.immunisations) {
    const given = content.immunisations.map((one, index) => immunization(one, index, subject))
    resources.push(list('Immunisations', '1102181000000102', given), ...given)
  }
  if (request.uncategorised) {
    const measured = content.bloodPressures.map((one, index) => bloodPressureObservation(one, index, subject))
    resources.push(list('Uncategorised data', '826501000000100', measured), ...measured)
  }
  if (request.unknown.length > 0)
    resources.push(
      warningOutcome(request.unknown.map((name) => `The parameter ${name.slice(0, 64)} is not known here and was not answered.`)),
    )
  return {
    resourceType: 'Bundle',
    id: fhirId.test(traceId) ? traceId : randomUUID(),
    meta: meta('GPConnect-StructuredRecord-Bundle-1'),
    type: 'collection',
    entry: resources.map((resource) => ({ resource })),
  }
}

interface ListParts {
  readonly title: string
  readonly code: string
  readonly entries: readonly Resource[]
  readonly contained: readonly Resource[]
  readonly subject: { readonly reference: string }
  readonly now: number
}

/** A List of the record; an empty one says in a code and in words that there is nothing. */
function recordList({ title, code, entries, contained, subject, now }: ListParts): Resource {
  const items: readonly FhirJson[] = [
    ...entries.map((resource) => ({ item: reference(resource) })),
    ...contained.map(({ id }) => ({ item: { reference: `#${id ?? ''}` } })),
  ]
  // A contained resource has no meta.versionId (FHIR rule dom-4).
  const inside = contained.map((resource) => ({ ...resource, meta: { profile: (resource['meta'] as FhirJson)['profile'] } }))
  return {
    resourceType: 'List',
    id: randomUUID(),
    meta: meta('CareConnect-GPC-List-1'),
    ...(inside.length === 0 ? {} : { contained: inside }),
    status: 'current',
    mode: 'snapshot',
    title,
    code: concept(snomed, code, title),
    subject,
    date: new Date(now).toISOString(),
    orderedBy: concept('http://hl7.org/fhir/list-order', 'event-date', 'Sorted by Event Date'),
    ...(items.length > 0
      ? { entry: items }
      : {
          note: [{ text: 'Information not available' }],
          emptyReason: concept(
            'https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-ListEmptyReasonCode-1',
            'no-content-recorded',
            'No Content Recorded',
          ),
        }),
  }
}
