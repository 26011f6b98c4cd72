/** What one patient's record holds, in the words that the resources are made from. Invented; the codes are SNOMED CT and dm+d. */
export interface ClinicalContent {
  readonly allergies: readonly Allergy[]
  readonly medications: readonly Medicine[]
  readonly problems: readonly Problem[]
  readonly immunisations: readonly Immunisation[]
  readonly bloodPressures: readonly BloodPressure[]
}

/** A code and how it reads. */
export interface Coded {
  readonly code: string
  readonly display: string
}

/** An allergy; `ended` is the day on which it was declared resolved. */
export interface Allergy extends Coded {
  readonly category: 'medication' | 'environment'
  readonly since: string
  readonly reaction: Coded
  readonly ended?: string
}

/** A repeat or acute prescription of one product. */
export interface Medicine extends Coded {
  readonly dose: string
  readonly since: string
  readonly quantity: string
  readonly days: number
  readonly type: 'repeat' | 'acute'
}

/** A problem of the problem list. */
export interface Problem extends Coded {
  readonly since: string
  readonly significance: 'major' | 'minor'
  readonly status: 'active' | 'inactive'
}

/** A vaccination that was given. */
export interface Immunisation extends Coded {
  readonly on: string
}

/** A blood pressure in mmHg. */
export interface BloodPressure {
  readonly on: string
  readonly systolic: number
  readonly diastolic: number
}

const influenza = { code: '86198006', display: 'Administration of vaccine product containing only Influenza virus antigen' }
const amlodipine = { code: '319284000', display: 'Amlodipine 10mg tablets' }
const citalopram = { code: '321987003', display: 'Citalopram 20mg tablets' }
const paracetamol = { code: '322236009', display: 'Paracetamol 500mg tablets' }
const wheal = { code: '247472004', display: 'Wheal' }
const breathing = { code: '230145002', display: 'Difficulty breathing' }

const nothing: ClinicalContent = { allergies: [], medications: [], problems: [], immunisations: [], bloodPressures: [] }

const contents: Readonly<Record<string, ClinicalContent>> = {
  '1': {
    allergies: [
      { code: '91936005', display: 'Allergy to penicillin', category: 'medication', since: '1974-06-11', reaction: wheal },
      {
        code: '91935009',
        display: 'Allergy to peanut',
        category: 'environment',
        since: '1953-04-02',
        reaction: breathing,
        ended: '2009-10-19',
      },
    ],
    medications: [
      { ...amlodipine, dose: '1 tablet once a day', since: '2019-03-04', quantity: '28 tablets', days: 28, type: 'repeat' },
      { ...paracetamol, dose: '2 tablets up to four times a day', since: '2024-01-22', quantity: '100 tablets', days: 13, type: 'acute' },
    ],
    problems: [
      { code: '38341003', display: 'Hypertensive disorder', since: '2019-03-04', significance: 'major', status: 'active' },
      { code: '54150009', display: 'Upper respiratory infection', since: '2022-12-01', significance: 'minor', status: 'inactive' },
    ],
    immunisations: [{ ...influenza, on: '2024-10-08' }],
    bloodPressures: [
      { on: '2024-03-04', systolic: 152, diastolic: 91 },
      { on: '2025-03-03', systolic: 138, diastolic: 84 },
    ],
  },
  '2': {
    ...nothing,
    medications: [
      { ...citalopram, dose: '1 tablet in the morning', since: '2023-09-12', quantity: '28 tablets', days: 28, type: 'repeat' },
    ],
    problems: [
      { code: '231504006', display: 'Mixed anxiety and depressive disorder', since: '2023-09-12', significance: 'major', status: 'active' },
    ],
    bloodPressures: [{ on: '2023-09-12', systolic: 121, diastolic: 78 }],
  },
  '3': {
    ...nothing,
    allergies: [{ code: '89707004', display: 'Sesame oil', category: 'environment', since: '2003-07-27', reaction: breathing }],
    immunisations: [{ ...influenza, on: '2023-11-15' }],
  },
}

/** The record of a patient; empty for one whose record holds nothing. */
export function clinicalContentOf(patientId: string): ClinicalContent {
  return contents[patientId] ?? nothing
}
