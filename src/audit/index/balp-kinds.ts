import { findInteraction } from '../../spine/interaction-id.ts'
import type { IndexedExchange } from './indexed.ts'

/** A FHIR Coding. */
export interface Coding {
  readonly system: string
  readonly code: string
  readonly display: string
}

/** How IHE BALP 1.1 has a kind of call: its profile, of which there is one for patients too (none for operations and `metadata`), and who is what in it. */
export interface BalpKind {
  readonly profile?: 'Create' | 'Read' | 'Update' | 'Delete' | 'Query'
  readonly subtype: Coding
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E'
  readonly consumer: Coding
  readonly provider: Coding
  /** As what whoever acted for the consumer is told. */
  readonly user: Coding
  /** Whether the URL is that of one resource. */
  readonly instance: boolean
}

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const source: Coding = { system: dicom, code: '110153', display: 'Source Role ID' }
const destination: Coding = { system: dicom, code: '110152', display: 'Destination Role ID' }
const application: Coding = { system: dicom, code: '110150', display: 'Application' }
const custodian: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
  code: 'custodian',
  display: 'Custodian',
}
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const recipient: Coding = { system: participation, code: 'IRCP', display: 'information recipient' }
const author: Coding = { system: participation, code: 'AUT', display: 'author (originator)' }
/** Which way the data flow; a query's parameters go to the provider. */
const pulls = { consumer: destination, provider: source, user: recipient } as const
const asks = { consumer: source, provider: destination, user: recipient } as const
const pushes = { consumer: source, provider: destination, user: author } as const
const deletes = { consumer: application, provider: custodian, user: author } as const

const subtype = (code: string): Coding => ({ system: 'http://hl7.org/fhir/restful-interaction', code, display: code })
const kinds = {
  read: { profile: 'Read', subtype: subtype('read'), action: 'R', ...pulls, instance: true },
  search: { profile: 'Query', subtype: subtype('search'), action: 'E', ...asks, instance: false },
  create: { profile: 'Create', subtype: subtype('create'), action: 'C', ...pushes, instance: false },
  update: { profile: 'Update', subtype: subtype('update'), action: 'U', ...pushes, instance: true },
  patch: { profile: 'Update', subtype: subtype('patch'), action: 'U', ...pushes, instance: true },
  delete: { profile: 'Delete', subtype: subtype('delete'), action: 'D', ...deletes, instance: true },
  operation: { subtype: subtype('operation'), action: 'E', ...asks, instance: false },
  capabilities: { subtype: subtype('capabilities'), action: 'R', ...pulls, instance: false },
} as const satisfies Readonly<Record<string, BalpKind>>

const byMethod: Readonly<Record<string, BalpKind>> = { POST: kinds.create, PUT: kinds.update, PATCH: kinds.patch, DELETE: kinds.delete }

/** Which kind of call it was, by its interaction and its method. */
export function balpKindOf({ interaction, method = 'GET' }: Pick<IndexedExchange, 'interaction' | 'method'>): BalpKind {
  const template = findInteraction(interaction ?? '')?.template
  if (template?.endsWith('/metadata')) return kinds.capabilities
  if (template?.includes('$') || (interaction?.includes(':operation:') ?? false)) return kinds.operation
  return byMethod[method] ?? (template?.endsWith('/{id}') || (interaction?.includes(':read:') ?? false) ? kinds.read : kinds.search)
}
