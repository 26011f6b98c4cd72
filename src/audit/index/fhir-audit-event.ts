import { patientsNamed } from '../../spine/patients-named.ts'
import { parseTarget } from '../../spine/target-url.ts'
import { type TokenUser, tokenUser } from '../../spine/token-user.ts'
import type { AuditedPersonal } from '../entry.ts'
import { type BalpKind, balpKindOf, type Coding } from './balp-kinds.ts'
import type { IndexedExchange } from './indexed.ts'

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
  readonly outcome?: string
  readonly outcomeDesc?: string
  readonly agent: readonly object[]
  readonly source: object
  readonly entity: readonly object[]
}

/** What names people in an exchange, for the events that may. */
export interface NamedInExchange {
  /** What was sealed in its first record; undefined where it is not shown or cannot be read. */
  readonly personal?: Pick<AuditedPersonal, 'url' | 'claims'> | undefined
  /** The NHS number that it was found by, ten digits. */
  readonly soughtPatient?: string | undefined
}

const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.'
const entityTypes = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const systemObject: Coding = { system: entityTypes, code: '2', display: 'System Object' }
const person: Coding = { system: entityTypes, code: '1', display: 'Person' }
const roles = 'http://terminology.hl7.org/CodeSystem/object-role'

/**
 * The exchange as AuditEvents after IHE BALP: one, or where patients are named one for each of them, as BALP has it. A profile is named for what went
 * well, as BALP has none for failures; that of a patient where one is named. The token's user is the one who acted. Where nobody may be named, a query is
 * given without its parameters.
 */
export function fhirAuditEvents(one: IndexedExchange, named: NamedInExchange = {}): readonly FhirAuditEvent[] {
  const { personal, soughtPatient } = named
  const patients = new Set([
    ...(soughtPatient === undefined ? [] : [soughtPatient]),
    ...(personal === undefined ? [] : patientsNamed(personal)),
  ])
  if (patients.size === 0) return [auditEvent(one, one.exchange, personal, undefined)]
  return [...patients].map((patient, at) =>
    auditEvent(one, patients.size === 1 ? one.exchange : `${one.exchange}-${at + 1}`, personal, patient),
  )
}

/**
 * FHIR R4 audit-event-outcome: 0 success, 4 the caller's failure, 8 a serious one; none is known of a call that is under way. A 499 is the caller's. An answer that broke off behind its head
 * has the status of a good one, and is none.
 */
function outcomeOf({ status = 0, end, origin }: IndexedExchange): '0' | '4' | '8' | undefined {
  if (end === 'open') return undefined
  if (end === 'aborted' && status < 400) return origin?.startsWith('consumer') === true ? '4' : '8'
  if (status >= 200 && status < 400) return '0'
  return status >= 400 && status < 500 ? '4' : '8'
}

function auditEvent(one: IndexedExchange, id: string, personal: NamedInExchange['personal'], patient: string | undefined): FhirAuditEvent {
  const kind = balpKindOf(one)
  const outcome = outcomeOf(one)
  const host = /^https:\/\/([^/]+)/.exec(one.url ?? '')?.[1]
  const failed =
    outcome === '0' || outcome === undefined ? undefined : [one.code, one.rule, one.origin].filter((part) => part !== undefined).join(', ')
  const user = tokenUser(personal?.claims ?? '')
  const profile = `${balp}${patient === undefined ? '' : 'Patient'}${kind.profile}`
  return {
    resourceType: 'AuditEvent',
    id,
    ...(outcome === '0' && kind.profile !== undefined && { meta: { profile: [profile] } }),
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest', display: 'RESTful Operation' },
    subtype: [kind.subtype],
    action: kind.action,
    period: {
      start: new Date(one.at).toISOString(),
      ...(one.ended !== undefined && { end: new Date(Math.max(one.ended, one.at)).toISOString() }),
    },
    recorded: new Date(one.ended ?? one.at).toISOString(),
    ...(outcome !== undefined && { outcome }),
    ...(failed !== undefined && failed !== '' && { outcomeDesc: failed }),
    agent: [
      agent(
        kind.consumer,
        one.from,
        one.fromOrganisation,
        { address: one.address ?? 'unknown', type: one.address === undefined ? '1' : '2' },
        user === undefined,
      ),
      agent(kind.provider, one.to, one.toOrganisation, { address: host ?? 'unknown', type: '1' }, false),
      ...(user === undefined ? [] : [userAgent(kind.user, user)]),
    ],
    source: {
      site: one.log,
      observer: { identifier: { value: one.log }, display: 'Spine Security Proxy' },
      type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '4', display: 'Application Server' }],
    },
    entity: [
      ...(patient === undefined ? [] : [patientEntity(patient)]),
      ...transaction(one),
      kind.profile === 'Query' ? query(one, personal?.url) : data(one, kind, personal?.url),
    ],
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

/** Whoever acted initiated the call, and no longer the consumer's system: there is one initiator (FHIR R4, AuditEvent.agent.requestor). */
function userAgent(role: Coding, { identifier, name, reason }: TokenUser): object {
  return {
    type: { coding: [role] },
    who: { identifier, ...(name !== undefined && { display: name }) },
    ...(name !== undefined && { name }),
    requestor: true,
    ...(reason !== undefined && { purposeOfUse: [{ text: reason }] }),
  }
}

function patientEntity(nhsNumber: string): object {
  return {
    what: { type: 'Patient', identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber } },
    type: person,
    role: { system: roles, code: '1', display: 'Patient' },
  }
}

function transaction({ traceId }: IndexedExchange): readonly object[] {
  if (traceId === undefined || traceId.trim() === '') return []
  const type = { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' }
  return [{ what: { identifier: { value: traceId } }, type }]
}

/** The request as it came where that may be shown, so that exactly what was asked is kept. */
function query({ method = 'GET', url = '' }: IndexedExchange, asked: string | undefined): object {
  return {
    type: systemObject,
    role: { system: roles, code: '24', display: 'Query' },
    query: Buffer.from(`${method} ${asked ?? url}`).toString('base64'),
  }
}

function data({ url, interaction }: IndexedExchange, kind: BalpKind, asked: string | undefined): object {
  const target = parseTarget(asked ?? '')
  const whole = 'fault' in target ? undefined : `https://${target.host}${target.port && `:${target.port}`}${target.path}${target.query}`
  return {
    what: whole !== undefined && kind.instance ? { reference: whole } : { display: whole ?? url ?? interaction ?? 'unknown' },
    type: systemObject,
    role: { system: roles, code: '4', display: 'Domain Resource' },
  }
}
