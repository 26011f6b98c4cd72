import { judgeEndpoint, judgeSystem } from '../../../src/registry/judge-record.ts'
import { draftOf } from '../../../src/registry/record-draft.ts'

const system = { asid: '200000000359', odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: ['urn:x:read'] }
const endpoint = {
  cpaId: 'S1',
  odsCode: 'T99999',
  partyKey: 'T99999-9999999',
  fqdn: 'provider.nhs.uk',
  url: 'https://provider.nhs.uk/T99999/STU3/1',
  interactions: ['urn:x:read'],
}
const judgedSystem = (changes: object) => judgeSystem(draftOf('system', Object.entries({ ...system, ...changes }), 3))
const judgedEndpoint = (changes: object) => judgeEndpoint(draftOf('endpoint', Object.entries({ ...endpoint, ...changes }), 3))

describe('a system', () => {
  test('without fault has none, and its party key is upper-cased', () => {
    expect(judgedSystem({ partyKey: 't77777-7777777' })).toMatchObject({
      asid: system.asid,
      partyKey: 'T77777-7777777',
      faults: [],
      warnings: [],
    })
  })

  test.each([
    [{ asid: '20000000035' }, 'asid must be 12 digits'],
    [{ asid: 'x'.repeat(12) }, 'asid must be 12 digits'],
    [{ asid: ' 200000000359' }, 'asid has blanks around it'],
    [{ odsCode: 'T77777\t' }, 'odsCode has blanks around it'],
    [{ odsCode: 'T-1' }, 'odsCode must be'],
    [{ odsCode: 'ABCDEFGHIJ' }, 'odsCode must be'],
    [{ partyKey: '' }, 'partyKey is missing'],
    [{ partyKey: 'AAA-111111 ' }, 'partyKey has blanks around it'],
    [{ partyKey: 'AAA 111111' }, 'partyKey must be'],
    [{ interactions: ['urn:x read'] }, 'an interaction must be'],
    [{ interactions: [' urn:x'] }, 'an interaction must be'],
    [{ interactions: 'urn:x' }, 'interactions must be a list'],
    [{ interactions: [1] }, 'interactions must be a list'],
    [{ odsCode: 7 }, 'odsCode must be text'],
    [{ colour: 'red' }, '"colour" is no field of a system'],
    [{ url: 'https://x' }, '"url" is no field of a system'],
    [{ manufacturer: 'a\nb' }, 'manufacturer holds'],
    [{ productName: '\ufffd' }, 'productName holds'],
  ])('with %j is faulty', (changes, fault) => {
    expect(judgedSystem(changes).faults).toContainEqual(expect.stringContaining(fault))
  })

  test('needs a list of interactions, which may be empty', () => {
    expect(judgedSystem({ interactions: [] }).faults).toEqual([])
    expect(judgeSystem(draftOf('system', Object.entries({ asid: system.asid }), 1)).faults).toEqual([
      expect.stringContaining('interactions is missing'),
      'odsCode is missing',
      'partyKey is missing',
    ])
  })

  test('with blanks around its ASID is still known by it', () => {
    expect(judgedSystem({ asid: ' 200000000359 ' }).asid).toBe('200000000359')
  })

  test('in lower case, or with an unusual party key, is warned of', () => {
    expect(judgedSystem({ odsCode: 'c83007' }).warnings).toEqual([expect.stringContaining('lower-case')])
    expect(judgedSystem({ partyKey: 'YES-0000806-1' }).warnings).toEqual([expect.stringContaining('usual form')])
  })
})

describe('an endpoint', () => {
  test('without fault has none', () => {
    expect(judgedEndpoint({})).toMatchObject({ host: 'provider.nhs.uk', faults: [], warnings: [] })
  })

  test('may be the registration of a name, without interactions and url', () => {
    expect(judgedEndpoint({ interactions: undefined, url: undefined }).faults).toEqual([expect.any(String), expect.any(String)])
    const { url, interactions, ...registration } = endpoint
    expect(judgeEndpoint(draftOf('endpoint', Object.entries(registration), 1))).toMatchObject({ faults: [], interactions: [], url: '' })
    for (const half of [{ url }, { interactions }])
      expect(judgeEndpoint(draftOf('endpoint', Object.entries({ ...registration, ...half }), 1)).faults).toHaveLength(1)
  })

  test.each([
    [{ cpaId: 'a b' }, 'cpaId must be'],
    [{ fqdn: 'https://provider.nhs.uk' }, 'fqdn is a URL'],
    [{ fqdn: '*.nhs.uk' }, 'fqdn is a wildcard'],
    [{ fqdn: '10.0.0.1' }, 'fqdn is an IP address'],
    [{ fqdn: 'other.nhs.uk' }, 'is not the host of url'],
    [{ url: 'https://provider.nhs.uk:443/' }, 'port'],
    [{ url: ' https://provider.nhs.uk' }, 'url has blanks around it'],
    [{ interaction: 'urn:x:read' }, 'stand together'],
    [{ interactions: [] }, 'interactions is empty'],
    [{ pin: 'abc' }, 'pin must be'],
    [{ asid: '200000000359' }, '"asid" is no field of an endpoint'],
  ])('with %j is faulty', (changes, fault) => {
    expect(judgedEndpoint(changes).faults).toContainEqual(expect.stringContaining(fault))
  })

  test('may have a name that is not its host when it pins its certificate', () => {
    expect(judgedEndpoint({ fqdn: 'other.nhs.uk', pin: 'AB'.repeat(32) })).toMatchObject({ faults: [], pin: 'ab'.repeat(32) })
  })

  test('keeps what is needed to know which calls its fault concerns', () => {
    expect(judgedEndpoint({ partyKey: ' t99999-9999999', url: 'http://x' })).toMatchObject({
      partyKey: 'T99999-9999999',
      interactions: ['urn:x:read'],
    })
  })

  test('that binds interactions of GP Connect to a bare host is warned of', () => {
    const changes = { url: 'https://provider.nhs.uk', interactions: ['urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1'] }
    expect(judgedEndpoint(changes).warnings).toEqual([expect.stringContaining("consumer's registration")])
  })

  test('shows hostile values only with their controls made visible', () => {
    expect(judgedEndpoint({ cpaId: 'a\u001b[31m' }).faults).toEqual([expect.stringContaining('\\u001b')])
  })
})
