import { type Call, isObject, objectsIn, resourceIn } from './call.ts'
import { clinicalContentOf } from './clinical-content.ts'
import { FhirError } from './fhir-error.ts'
import type { DemoPatient, PatientIndex } from './patients.ts'
import { organization, practiceOdsCode, practitioners } from './practice.ts'
import { readPatient } from './record-request.ts'
import type { Resource } from './resource.ts'

const sectionSystem = 'http://fhir.nhs.net/ValueSet/gpconnect-record-section-1'
const profile = (name: string) => ({ profile: [`http://fhir.nhs.net/StructureDefinition/${name}`] })

/** Sections of the HTML view that the demo's record can fill: title, column heads, rows. */
const sections: Readonly<
  Record<string, { readonly title: string; readonly heads: readonly string[]; rows(patientId: string): string[][] }>
> = {
  ALL: {
    title: 'Allergies and Adverse Reactions',
    heads: ['Start Date', 'Details'],
    rows: (id) => clinicalContentOf(id).allergies.map(({ since, display }) => [since, display]),
  },
  MED: {
    title: 'Medications',
    heads: ['Start Date', 'Medication Item', 'Dosage Instruction', 'Quantity'],
    rows: (id) => clinicalContentOf(id).medications.map(({ since, display, dose, quantity }) => [since, display, dose, quantity]),
  },
  PRB: {
    title: 'Problems',
    heads: ['Start Date', 'Entry', 'Significance'],
    rows: (id) => clinicalContentOf(id).problems.map(({ since, display, significance }) => [since, display, significance]),
  },
  IMM: {
    title: 'Immunisations',
    heads: ['Date', 'Vaccination'],
    rows: (id) => clinicalContentOf(id).immunisations.map(({ on, display }) => [on, display]),
  },
}

/** DSTU2 `$gpc.getcarerecord`: one section of a record as HTML in a Composition, with patient, practitioner and practice. Throws `FhirError`. */
export function careRecord(call: Call, patients: PatientIndex, now: number): Resource {
  const parameters = objectsIn(resourceIn(call, 'Parameters')['parameter'])
  const find = (name: string) => parameters.find((parameter) => parameter['name'] === name)
  const patient = readPatient(find('patientNHSNumber'), patients, 'http://fhir.nhs.net/Id/nhs-number')
  const asked = find('recordSection')?.['valueCodeableConcept']
  const coding = isObject(asked) ? objectsIn(asked['coding']).find(({ system }) => system === sectionSystem) : undefined
  const code = String(coding?.['code'] ?? '')
  const section = Object.hasOwn(sections, code) ? sections[code] : undefined
  if (section === undefined)
    throw new FhirError(
      'INVALID_PARAMETER',
      `The parameter recordSection must be one of ${Object.keys(sections).join(', ')} of ${sectionSystem}.`,
    )
  const composition: Resource = {
    resourceType: 'Composition',
    id: `p${patient.id}-${code.toLowerCase()}`,
    meta: profile('gpconnect-carerecord-composition-1'),
    date: new Date(now).toISOString(),
    type: { coding: [{ system: 'http://snomed.info/sct', code: '425173008', display: 'record extract (record artifact)' }] },
    title: 'Patient Care Record',
    status: 'final',
    subject: { reference: `Patient/${patient.id}` },
    author: [{ reference: `Practitioner/${usualGp(patient).id ?? ''}` }],
    custodian: { reference: `Organization/${organization.id ?? ''}` },
    section: [
      {
        title: section.title,
        code: { coding: [{ system: sectionSystem, code, display: section.title }], text: section.title },
        text: { status: 'generated', div: table(section.title, section.heads, section.rows(patient.id)) },
      },
    ],
  }
  const entry = [composition, dstu2Patient(patient), dstu2Practitioner(patient), dstu2Organization()].map((resource) => ({ resource }))
  return { resourceType: 'Bundle', meta: profile('gpconnect-searchset-bundle-1'), type: 'searchset', entry }
}

function usualGp(patient: DemoPatient): Resource {
  return practitioners[Number(patient.id) % 2]!
}

function dstu2Patient(patient: DemoPatient): Resource {
  return {
    resourceType: 'Patient',
    id: patient.id,
    meta: profile('gpconnect-patient-1'),
    identifier: [{ system: 'http://fhir.nhs.net/Id/nhs-number', value: patient.nhsNumber }],
    active: true,
    name: [{ use: 'official', text: `${patient.given} ${patient.family}`, family: [patient.family], given: [patient.given] }],
    gender: patient.gender,
    birthDate: patient.birthDate,
    managingOrganization: { reference: `Organization/${organization.id ?? ''}` },
  }
}

/** DSTU2 has one name, and its family is a list. */
function dstu2Practitioner(patient: DemoPatient): Resource {
  const { id, name, gender, identifier } = usualGp(patient)
  const [first] = objectsIn(name)
  const userId = objectsIn(identifier)[0]?.['value']
  return {
    resourceType: 'Practitioner',
    id: id ?? '',
    meta: profile('gpconnect-practitioner-1'),
    identifier: [{ system: 'http://fhir.nhs.net/sds-user-id', value: userId }],
    name: { ...first, family: [first?.['family']] },
    gender,
  }
}

function dstu2Organization(): Resource {
  return {
    resourceType: 'Organization',
    id: organization.id ?? '',
    meta: profile('gpconnect-organization-1'),
    identifier: [{ system: 'http://fhir.nhs.net/Id/ods-organization-code', value: practiceOdsCode }],
    name: organization['name'],
  }
}

function table(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('')}</tr>`
  const content =
    rows.length === 0
      ? `<p>No '${escaped(title)}' data is recorded for this patient.</p>`
      : `<table><thead>${cells('th', heads)}</thead><tbody>${rows.map((row) => cells('td', row)).join('')}</tbody></table>`
  return `<div xmlns="http://www.w3.org/1999/xhtml"><h1>${escaped(title)}</h1>${content}</div>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
