import type { Call } from './call.ts'
import { FhirError } from './fhir-error.ts'
import { letterPdf } from './letter-pdf.ts'
import { type DemoPatient, patientResource } from './patients.ts'
import { organization, practitionerRoles, practitioners } from './practice.ts'
import { concept, meta, type Resource, reference, searchset, serviceRoot, snomed } from './resource.ts'
import { searchDate } from './search-date.ts'

/** Where the documents' service lives. */
export const documentsRoot = `${serviceRoot}/documents`

interface Document {
  readonly id: string
  readonly patientId: string
  readonly title: string
  readonly created: string
  readonly contentType: string
  readonly content: Buffer
}

const documents: readonly Document[] = [
  {
    id: '7b1f6c0e-demo-letter-1',
    patientId: '1',
    title: 'Clinic letter: hypertension review',
    created: '2025-03-10T10:20:00+00:00',
    contentType: 'application/pdf',
    content: letterPdf([
      'Exampleton Hospital, Cardiology outpatients',
      'Hypertension review, 10 March 2025',
      'Blood pressure at home averages 134/82 mmHg.',
      'No change of treatment. Review in one year.',
      'This letter is invented. It is about no one.',
    ]),
  },
  {
    id: '7b1f6c0e-demo-note-2',
    patientId: '1',
    title: 'Out-of-hours contact',
    created: '2024-01-22T21:05:00+00:00',
    contentType: 'text/plain',
    content: Buffer.from(
      'Out-of-hours contact, 22 January 2024.\nFell at home, bruised wrist. Advised simple pain relief.\nThis note is invented.\n',
    ),
  },
  {
    id: '7b1f6c0e-demo-note-3',
    patientId: '2',
    title: 'Talking therapies: end of course',
    created: '2024-05-30T15:40:00+00:00',
    contentType: 'text/plain',
    content: Buffer.from('Course of six sessions completed. No further appointments are planned.\nThis note is invented.\n'),
  },
]

/** `GET Patient/{id}/DocumentReference`: what the practice holds about a patient, `created` narrowing it. Throws `FhirError`. */
export function searchDocuments(call: Call, patient: DemoPatient): Resource {
  if (patient.dissents) throw new FhirError('NO_PATIENT_CONSENT', 'The patient has refused to have the record shared.')
  const created = call.query.getAll('created')
  const from = Math.max(0, ...created.filter((text) => text.startsWith('ge')).map((text) => searchDate('created', text, 'ge')))
  const to = Math.min(8.64e15, ...created.filter((text) => !text.startsWith('ge')).map((text) => searchDate('created', text, 'le')))
  const found = documents.filter((one) => one.patientId === patient.id && Date.parse(one.created) >= from && Date.parse(one.created) <= to)
  const gp = Number(patient.id) % 2
  return searchset(
    found.map(documentReference),
    [patientResource(patient), organization, practitioners[gp]!, practitionerRoles[gp]!],
    documentsRoot,
  )
}

/** `GET Binary/{id}`: a document as a Binary resource. Throws `FhirError` NO_RECORD_FOUND. */
export function readBinary(id: string): Resource {
  const found = documents.find((one) => one.id === id)
  if (found === undefined) throw new FhirError('NO_RECORD_FOUND', 'No document has this id.')
  return {
    resourceType: 'Binary',
    id,
    meta: { versionId: '1' },
    contentType: found.contentType,
    content: found.content.toString('base64'),
  }
}

function documentReference(document: Document): Resource {
  return {
    resourceType: 'DocumentReference',
    id: document.id,
    meta: meta('CareConnect-GPC-DocumentReference-1', '1'),
    identifier: [{ system: 'https://fhir.nhs.uk/Id/cross-care-setting-identifier', value: document.id }],
    status: 'current',
    type: concept(snomed, '823651000000106', 'Clinical letter'),
    subject: { reference: `Patient/${document.patientId}` },
    created: document.created,
    indexed: document.created,
    author: [reference(organization)],
    custodian: reference(organization),
    description: document.title,
    content: [
      {
        attachment: { contentType: document.contentType, url: `${documentsRoot}/Binary/${document.id}`, size: document.content.length },
      },
    ],
  }
}
