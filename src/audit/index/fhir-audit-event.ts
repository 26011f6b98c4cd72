import { findInteraction } from '../../spine/interaction-id.ts'
import type { IndexedExchange } from './indexed.ts'

interface Coding {
  readonly system: string
  readonly code: string
  readonly display: string
}

/** A FHIR R4 AuditEvent, as far as it is made here. */
export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent'
  readonly id: string
  readonly meta?: { readonly profile: readonly string[] }
  readonly type: Coding
  readonly subtype: readonly Coding[]
  readonly action: string
  readonly period: { readonly start: string; readonly end?: string }
  readonly recorded: string
  readonly outcome: string
  readonly outcomeDesc?: string
  readonly agent: readonly object[]
  readonly source: object
  readonly entity: readonly object[]
}

const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.'
const restful = 'http://hl7.org/fhir/restful-interaction'
const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const source: Coding = { system: dicom, code: '110153', display: 'Source Role ID' }
const destination: Coding = { system: dicom, code: '110152', display: 'Destination Role ID' }
const systemObject: Coding = { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2', display: 'System Object' }
const roles = 'http://terminology.hl7.org/CodeSystem/object-role'

/** How BALP 1.1 has a kind of call: its profile (none for operations and updates by condition), and which way the data flow. */
interface Kind {
  readonly profile?: string
  readonly subtype: Coding
  readonly action: 'C' | 'R' | 'U' | 'E'
  readonly pulls: boolean
}

const coding = (code: string): Coding => ({ system: restful, code, display: code })
const kinds = {
  read: { profile: `${balp}Read`, subtype: coding('read'), action: 'R', pulls: true },
  search: { profile: `${balp}Query`, subtype: coding('search'), action: 'E', pulls: false },
  create: { profile: `${balp}Create`, subtype: coding('create'), action: 'C', pulls: false },
  update: { profile: `${balp}Update`, subtype: coding('update'), action: 'U', pulls: false },
  operation: { subtype: coding('operation'), action: 'E', pulls: false },
  capabilities: { subtype: coding('capabilities'), action: 'R', pulls: true },
} as const satisfies Readonly<Record<string, Kind>>

function kindOf({ interaction, method }: IndexedExchange): keyof typeof kinds {
  const template = findInteraction(interaction ?? '')?.template
  if (template?.endsWith('/metadata')) return 'capabilities'
  if (template?.includes('$') || (interaction?.includes(':operation:') ?? false)) return 'operation'
  if (method === 'POST') return 'create'
  if (method === 'PUT') return 'update'
  return template?.endsWith('/{id}') || (interaction?.includes(':read:') ?? false) ? 'read' : 'search'
}

/** FHIR R4 audit-event-outcome: 0 success, 4 the caller's failure, 8 a serious one. A 499 is the caller's. */
function outcomeOf({ status = 0 }: IndexedExchange): '0' | '4' | '8' {
  if (status >= 200 && status < 400) return '0'
  return status >= 400 && status < 500 ? '4' : '8'
}

/**
 * The exchange as an AuditEvent after IHE BALP. The profile is named for what went well, as BALP has none for failures. The patient is not
 * named: the index does not know whom a call was about, and so a query is given without its parameters.
 */
export function fhirAuditEvent(one: IndexedExchange): FhirAuditEvent {
  const name = kindOf(one)
  const kind: Kind = kinds[name]
  const outcome = outcomeOf(one)
  const host = /^https:\/\/([^/]+)/.exec(one.url ?? '')?.[1]
  const failed = outcome === '0' ? undefined : [one.code, one.rule, one.origin].filter((part) => part !== undefined).join(', ')
  return {
    resourceType: 'AuditEvent',
    id: one.exchange,
    ...(outcome === '0' && kind.profile !== undefined && { meta: { profile: [kind.profile] } }),
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest', display: 'RESTful Operation' },
    subtype: [kind.subtype],
    action: kind.action,
    period: {
      start: new Date(one.at).toISOString(),
      ...(one.ended !== undefined && { end: new Date(Math.max(one.ended, one.at)).toISOString() }),
    },
    recorded: new Date(one.ended ?? one.at).toISOString(),
    outcome,
    ...(failed !== undefined && failed !== '' && { outcomeDesc: failed }),
    agent: [
      agent(
        kind.pulls ? destination : source,
        one.from,
        one.fromOrganisation,
        { address: one.address ?? 'unknown', type: one.address === undefined ? '1' : '2' },
        true,
      ),
      agent(kind.pulls ? source : destination, one.to, one.toOrganisation, { address: host ?? 'unknown', type: '1' }, false),
    ],
    source: {
      site: one.log,
      observer: { identifier: { value: one.log }, display: 'Spine Security Proxy' },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4', display: 'Application Server' }],
    },
    entity: [...transaction(one), name === 'search' ? query(one) : data(one)],
  }
}

function agent(role: Coding, asid: string | undefined, organisation: string | undefined, network: object, requestor: boolean): object {
  const display = organisation ?? (asid === undefined ? 'unknown' : undefined)
  return {
    type: { coding: [role] },
    who: {
      ...(asid !== undefined && asid !== '' && { identifier: { system: 'https://fhir.nhs.uk/Id/nhsSpineASID', value: asid } }),
      ...(display !== undefined && { display }),
    },
    requestor,
    network,
  }
}

function transaction({ traceId }: IndexedExchange): readonly object[] {
  if (traceId === undefined || traceId.trim() === '') return []
  const type = { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' }
  return [{ what: { identifier: { value: traceId } }, type }]
}

function query({ method = 'GET', url = '' }: IndexedExchange): object {
  return {
    type: systemObject,
    role: { system: roles, code: '24', display: 'Query' },
    query: Buffer.from(`${method} ${url}`).toString('base64'),
  }
}

function data({ url, interaction }: IndexedExchange): object {
  return {
    what: { display: url ?? interaction ?? 'unknown' },
    type: systemObject,
    role: { system: roles, code: '4', display: 'Domain Resource' },
  }
}
