import type { Allergy, BloodPressure, Immunisation, Medicine, Problem } from './clinical-content.ts'
import { organization } from './practice.ts'
import { concept, type FhirJson, meta, type Resource, reference, snomed } from './resource.ts'

/** The patient whose record it is, the practitioner who keeps it, and the ids' common beginning. */
export interface Subject {
  readonly patient: { readonly reference: string }
  readonly recorder: { readonly reference: string }
  readonly prefix: string
}

const extensions = 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC'
const hl7Extensions = 'https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect'

/** The identity that a record keeps when it moves between systems. */
function crossCare(id: string): readonly FhirJson[] {
  return [{ system: 'https://fhir.nhs.uk/Id/cross-care-setting-identifier', value: `heron-lane-${id}` }]
}

function midnight(day: string): string {
  return `${day}T00:00:00+00:00`
}

/** An AllergyIntolerance; a resolved one says when and why it ended. */
export function allergyIntolerance(allergy: Allergy, index: number, subject: Subject): Resource {
  const id = `${subject.prefix}-allergy-${index + 1}`
  return {
    resourceType: 'AllergyIntolerance',
    id,
    meta: meta('CareConnect-GPC-AllergyIntolerance-1', '1'),
    ...(allergy.ended === undefined
      ? {}
      : {
          extension: [
            {
              url: `${extensions}-AllergyIntoleranceEnd-1`,
              extension: [
                { url: 'endDate', valueDateTime: allergy.ended },
                { url: 'reasonEnded', valueString: 'Tolerated on formal challenge' },
              ],
            },
          ],
        }),
    identifier: crossCare(id),
    clinicalStatus: allergy.ended === undefined ? 'active' : 'resolved',
    verificationStatus: 'unconfirmed',
    category: [allergy.category],
    code: concept(snomed, allergy.code, allergy.display),
    patient: subject.patient,
    onsetDateTime: midnight(allergy.since),
    assertedDate: midnight(allergy.since),
    recorder: subject.recorder,
    reaction: [{ manifestation: [concept(snomed, allergy.reaction.code, allergy.reaction.display)], severity: 'moderate' }],
  }
}

/** The resources of one medicine: the product, the statement, the plan, and one issue where issues are asked for. The second is what lists name. */
export function medicationResources(medicine: Medicine, index: number, withIssues: boolean, subject: Subject): readonly Resource[] {
  const id = (kind: string) => `${subject.prefix}-${kind}-${index + 1}`
  const medicationReference = { reference: `Medication/${id('medication')}` }
  const plan = { reference: `MedicationRequest/${id('plan')}` }
  const statement: Resource = {
    resourceType: 'MedicationStatement',
    id: id('statement'),
    meta: meta('CareConnect-GPC-MedicationStatement-1', '1'),
    extension: [
      { url: `${extensions}-MedicationStatementLastIssueDate-1`, valueDateTime: medicine.since },
      {
        url: `${extensions}-PrescribingAgency-1`,
        valueCodeableConcept: concept(
          'https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-PrescribingAgency-1',
          'prescribed-at-gp-practice',
          'Prescribed at GP practice',
        ),
      },
    ],
    identifier: crossCare(id('statement')),
    basedOn: [plan],
    status: medicine.type === 'repeat' ? 'active' : 'completed',
    medicationReference,
    effectivePeriod: { start: midnight(medicine.since) },
    dateAsserted: midnight(medicine.since),
    subject: subject.patient,
    taken: 'unk',
    dosage: [{ text: medicine.dose }],
  }
  const request = (kind: 'plan' | 'order'): Resource => ({
    resourceType: 'MedicationRequest',
    id: id(kind),
    meta: meta('CareConnect-GPC-MedicationRequest-1', '1'),
    extension: [
      {
        url: `${extensions}-PrescriptionType-1`,
        valueCodeableConcept: concept(
          'https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-PrescriptionType-1',
          medicine.type,
          medicine.type === 'repeat' ? 'Repeat' : 'Acute',
        ),
      },
    ],
    identifier: crossCare(id(kind)),
    ...(kind === 'order' ? { basedOn: [plan] } : {}),
    groupIdentifier: { value: id('prescription') },
    status: kind === 'order' || medicine.type === 'acute' ? 'completed' : 'active',
    intent: kind,
    medicationReference,
    subject: subject.patient,
    authoredOn: midnight(medicine.since),
    recorder: subject.recorder,
    dosageInstruction: [{ text: medicine.dose }],
    dispenseRequest: {
      validityPeriod: { start: midnight(medicine.since) },
      quantity: { extension: [{ url: `${extensions}-MedicationQuantityText-1`, valueString: medicine.quantity }] },
      expectedSupplyDuration: { value: medicine.days, unit: 'day', system: 'http://unitsofmeasure.org', code: 'd' },
      performer: reference(organization),
    },
  })
  const medication: Resource = {
    resourceType: 'Medication',
    id: id('medication'),
    meta: meta('CareConnect-GPC-Medication-1', '1'),
    code: concept(snomed, medicine.code, medicine.display),
  }
  return [medication, statement, request('plan'), ...(withIssues ? [request('order')] : [])]
}

/** A problem of the problem list: a Condition. */
export function problemCondition(problem: Problem, index: number, subject: Subject): Resource {
  const id = `${subject.prefix}-problem-${index + 1}`
  return {
    resourceType: 'Condition',
    id,
    meta: meta('CareConnect-GPC-ProblemHeader-Condition-1', '1'),
    extension: [{ url: `${hl7Extensions}-ProblemSignificance-1`, valueCode: problem.significance }],
    identifier: crossCare(id),
    clinicalStatus: problem.status,
    category: [concept('http://hl7.org/fhir/condition-category', 'problem-list-item', 'Problem List Item')],
    code: concept(snomed, problem.code, problem.display),
    subject: subject.patient,
    onsetDateTime: midnight(problem.since),
    assertedDate: midnight(problem.since),
    asserter: subject.recorder,
  }
}

/** An Immunization; the procedure is coded, the product unknown, as GP Connect has it. */
export function immunization(given: Immunisation, index: number, subject: Subject): Resource {
  const id = `${subject.prefix}-immunisation-${index + 1}`
  return {
    resourceType: 'Immunization',
    id,
    meta: meta('CareConnect-GPC-Immunization-1', '1'),
    extension: [
      { url: `${hl7Extensions}-DateRecorded-1`, valueDateTime: midnight(given.on) },
      { url: `${hl7Extensions}-VaccinationProcedure-1`, valueCodeableConcept: concept(snomed, given.code, given.display) },
    ],
    identifier: crossCare(id),
    status: 'completed',
    notGiven: false,
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/v3/NullFlavor', code: 'UNK' }] },
    patient: subject.patient,
    date: given.on,
    primarySource: true,
  }
}

/** A blood pressure as an Observation with two components. */
export function bloodPressureObservation(measured: BloodPressure, index: number, subject: Subject): Resource {
  const id = `${subject.prefix}-blood-pressure-${index + 1}`
  const pressure = (value: number) => ({ value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' })
  return {
    resourceType: 'Observation',
    id,
    meta: meta('CareConnect-GPC-Observation-1', '1'),
    identifier: crossCare(id),
    status: 'final',
    code: concept(snomed, '75367002', 'Blood pressure'),
    subject: subject.patient,
    effectiveDateTime: midnight(measured.on),
    issued: `${measured.on}T00:00:00.000+00:00`,
    performer: [subject.recorder],
    component: [
      { code: concept(snomed, '72313002', 'Systolic arterial pressure'), valueQuantity: pressure(measured.systolic) },
      { code: concept(snomed, '1091811000000102', 'Diastolic arterial pressure'), valueQuantity: pressure(measured.diastolic) },
    ],
  }
}
