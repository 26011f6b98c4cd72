import type { Registry } from '../../src/registry/registry.ts'
import type { AccreditedSystem } from '../../src/spine/accredited-system.ts'
import type { EndpointSpec, SystemSpec } from '../support/registry-records.ts'

/** What a backend is given to serve. Rules are in the words of the rules' file. */
export interface RegistryWorld {
  readonly systems: readonly SystemSpec[]
  readonly endpoints: readonly EndpointSpec[]
  readonly rules?: readonly object[]
  readonly pins?: Record<string, readonly string[]>
}

const prefix = 'urn:nhs:names:services:gpconnect:'
const patient = `${prefix}fhir:rest:read:patient-1`
const slots = `${prefix}fhir:rest:search:slot-1`
const nrl = 'urn:nhs:names:services:nrl:DocumentReference.content'

const consumer: SystemSpec = {
  asid: '200000000359',
  odsCode: 'T77777',
  partyKey: 'T77777-7777777',
  interactions: [patient, slots, nrl],
  manufacturer: 'Y90',
  productName: 'Grün & Söhne',
}
const provider: SystemSpec = { asid: '918999198993', odsCode: 'T99999', partyKey: 'T99999-9999999', interactions: [patient] }
const name: EndpointSpec = { cpaId: 'S1', odsCode: 'T77777', partyKey: 'T77777-7777777', fqdn: 'Consumer.thirdparty.nhs.uk' }
const endpoint: EndpointSpec = {
  cpaId: '472b35d4641b76454b13',
  odsCode: 'T99999',
  partyKey: 't99999-9999999',
  fqdn: 'Provider.thirdparty.nhs.uk',
  url: 'https://Provider.thirdparty.nhs.uk/T99999/STU3/1',
  interactions: [patient, nrl],
}
const world: RegistryWorld = { systems: [consumer, provider], endpoints: [name, endpoint] }
/** Enough good records that a few faulty ones are less than a hundredth. */
const crowd: readonly SystemSpec[] = Array.from({ length: 600 }, (_, n) => ({
  asid: String(300_000_000_000 + n),
  odsCode: `C${n}`,
  partyKey: `C${n}-100000`,
  interactions: [slots],
}))

/** What every backend of the registry does. `open` loads a world in the backend's own way. */
export function registryConformance(backend: string, open: (world: RegistryWorld) => Promise<Registry>): void {
  describe(`a registry from ${backend}`, () => {
    test('finds a system by its ASID, with everything the record says', async () => {
      const registry = await open(world)
      expect(registry.system('200000000359')).toEqual({
        kind: 'found',
        system: { ...consumer, interactions: new Set(consumer.interactions) },
      })
      expect(registry.system('200000000350')).toEqual({ kind: 'unknown' })
      expect(registry.system('2000000003590')).toEqual({ kind: 'unknown' })
      expect(registry.system('')).toEqual({ kind: 'unknown' })
      expect(registry.system('Grün & Söhne')).toEqual({ kind: 'unknown' })
    })

    test('finds the endpoint of a receiver and an interaction', async () => {
      const registry = await open(world)
      expect(registry.endpoint(systemOf(registry, provider), patient)).toEqual({
        kind: 'found',
        endpoint: {
          cpaId: '472b35d4641b76454b13',
          odsCode: 'T99999',
          partyKey: 'T99999-9999999',
          interaction: patient,
          url: 'https://Provider.thirdparty.nhs.uk/T99999/STU3/1',
          host: 'provider.thirdparty.nhs.uk',
          path: '/T99999/STU3/1',
          fqdn: 'provider.thirdparty.nhs.uk',
        },
      })
      expect(registry.endpoint(systemOf(registry, provider), slots)).toEqual({ kind: 'none' })
      expect(registry.endpoint(systemOf(registry, consumer), patient)).toEqual({ kind: 'none' })
      expect(registry.endpoint(systemOf(registry, provider), `${patient} `)).toEqual({ kind: 'none' })
    })

    test('says whether any record bears an ASID, an ODS code, a party key or a CPA id', async () => {
      const ofStrangers = { reference: 'R', effect: 'deny', from: { ods: 'X1' }, to: '*', interactions: ['*'] }
      const registry = await open({ ...world, rules: [ofStrangers] })
      const held = [
        ['asid', consumer.asid],
        ['organisation', 'T77777'],
        ['organisation', 'T99999'],
        ['partyKey', 'T77777-7777777'],
        ['partyKey', 'T99999-9999999'],
        ['endpoint', endpoint.cpaId],
      ] as const
      // As another kind, in other letters, of a rule alone, or nowhere.
      const strangers = [
        ['organisation', consumer.asid],
        ['organisation', 't77777'],
        ['organisation', 'X1'],
        ['partyKey', 't99999-9999999'],
        ['endpoint', 'S9'],
        ['asid', '000000000000'],
      ] as const
      expect(held.filter(([kind, value]) => !registry.holds(kind, value))).toEqual([])
      expect(strangers.filter(([kind, value]) => registry.holds(kind, value))).toEqual([])
    })

    test('knows the names of certificates, the party keys and the organisations behind them', async () => {
      const registry = await open(world)
      expect([...registry.partyKeysOf('consumer.thirdparty.nhs.uk')]).toEqual(['T77777-7777777'])
      expect([...registry.organisationsOf('consumer.thirdparty.nhs.uk')]).toEqual(['T77777'])
      expect([...registry.partyKeysOf('provider.thirdparty.nhs.uk')]).toEqual(['T99999-9999999'])
      expect(registry.partyKeysOf('other.thirdparty.nhs.uk').size).toBe(0)
      expect(registry.organisationsOf('T77777').size).toBe(0)
      expect([...registry.hosts]).toEqual(['provider.thirdparty.nhs.uk'])
    })

    test('names every organisation that holds a party key of the name', async () => {
      const shared = { partyKey: 'R3U6M-831547' }
      const registry = await open({
        systems: [consumer, { ...provider, ...shared, odsCode: 'K81045' }],
        endpoints: [name, { ...name, ...shared, odsCode: 'R3U6M', cpaId: 'S2' }],
      })
      expect(registry.partyKeysOf('consumer.thirdparty.nhs.uk')).toEqual(new Set(['T77777-7777777', 'R3U6M-831547']))
      expect(registry.organisationsOf('consumer.thirdparty.nhs.uk')).toEqual(new Set(['T77777', 'K81045', 'R3U6M']))
    })

    test('serves a hosted provider whose practices share a party key, each by its own record', async () => {
      const practices = ['A1', 'A2'].map((odsCode, n) => ({ ...provider, asid: `91000000000${n}`, odsCode, partyKey: 'H1-100000' }))
      const endpoints = practices.map((one) => endpointOf(one, `https://hosted.nhs.uk/${one.odsCode}/STU3/1`))
      const registry = await open({ systems: practices, endpoints })
      for (const [n, practice] of practices.entries())
        expect(registry.endpoint(systemOf(registry, practice), patient)).toMatchObject({
          kind: 'found',
          endpoint: { url: endpoints[n]!.url },
        })
    })

    test('takes the only endpoint of the party key for an organisation without a record of its own', async () => {
      const practices = ['A1', 'A2'].map((odsCode, n) => ({ ...provider, asid: `91000000000${n}`, odsCode, partyKey: 'H1-100000' }))
      const registry = await open({ systems: practices, endpoints: [endpointOf(practices[0]!, 'https://hosted.nhs.uk/STU3/1')] })
      expect(registry.endpoint(systemOf(registry, practices[1]!), patient)).toMatchObject({ kind: 'found', endpoint: { odsCode: 'A1' } })
    })

    test('calls it faulty when the party key has several different endpoints and none is the organisation’s own', async () => {
      const practices = ['A1', 'A2', 'A3'].map((odsCode, n) => ({ ...provider, asid: `91000000000${n}`, odsCode, partyKey: 'H1-100000' }))
      const endpoints = practices.slice(0, 2).map((one) => endpointOf(one, `https://hosted.nhs.uk/${one.odsCode}/STU3/1`))
      const registry = await open({ systems: practices, endpoints })
      expect(registry.endpoint(systemOf(registry, practices[2]!), patient)).toMatchObject({ kind: 'faulty' })
      expect(registry.counts).toMatchObject({ systems: 3, endpoints: 2, faulty: 0 })
    })

    test('sets both aside when two different endpoints have one key', async () => {
      const other = endpointOf(provider, 'https://provider.thirdparty.nhs.uk/elsewhere')
      const registry = await open({ systems: [...crowd, consumer, provider], endpoints: [endpoint, other, name] })
      const answer = registry.endpoint(systemOf(registry, provider), patient)
      expect(answer).toMatchObject({ kind: 'faulty', reason: expect.stringMatching(/472b35d4641b76454b13.*E-T99999.*neither is used/) })
      expect(registry.counts.faulty).toBe(2)
      // The one record was for two interactions; only one of them is in doubt.
      expect(registry.endpoint(systemOf(registry, provider), nrl)).toMatchObject({ kind: 'found' })
    })

    test('merges identical records with a warning', async () => {
      const registry = await open({ systems: [consumer, provider, consumer], endpoints: [name, endpoint, endpoint, name] })
      expect(registry.counts).toMatchObject({ systems: 2, endpoints: 2, faulty: 0 })
      expect(registry.findings.filter((finding) => /merged/.test(finding.message)).length).toBe(4)
      expect(registry.findings.every((finding) => finding.severity === 'warning')).toBe(true)
    })

    test('calls a system faulty of which two different records exist, and names both places', async () => {
      const registry = await open({ systems: [...crowd, consumer, provider, { ...consumer, interactions: [slots] }], endpoints: [] })
      expect(registry.system(consumer.asid)).toMatchObject({ kind: 'faulty', reason: expect.stringMatching(/neither is used/) })
      expect(registry.counts).toMatchObject({ systems: 601, faulty: 2 })
      expect(registry.findings.filter((finding) => finding.severity === 'error')).toEqual([
        {
          severity: 'error',
          place: expect.stringMatching(/:\d+$/),
          record: consumer.asid,
          message: expect.stringMatching(/:\d+ and at .*:\d+/),
        },
      ])
    })

    test('calls faulty what a faulty record would have answered, and nothing else', async () => {
      const faulty = { ...endpoint, url: 'http://provider.thirdparty.nhs.uk/T99999/STU3/1' }
      const blank = { ...consumer, odsCode: 'T77777 ' }
      const registry = await open({ systems: [...crowd, blank, provider], endpoints: [name, faulty] })
      expect(registry.endpoint(systemOf(registry, provider), patient)).toMatchObject({
        kind: 'faulty',
        reason: expect.stringContaining('https://'),
      })
      expect(registry.endpoint(systemOf(registry, provider), slots)).toEqual({ kind: 'none' })
      expect(registry.system(consumer.asid)).toMatchObject({ kind: 'faulty', reason: expect.stringContaining('blanks') })
      expect(registry.partyKeysOf('provider.thirdparty.nhs.uk').size).toBe(0)
      expect(registry.counts).toMatchObject({ systems: 601, endpoints: 0, faulty: 3 })
    })

    test('compares ODS codes and interactions exactly, party keys without case', async () => {
      const registry = await open({
        systems: [consumer, { ...provider, odsCode: 't99999', partyKey: 'T99999-9999999' }],
        endpoints: [endpoint],
      })
      const receiver = systemOf(registry, provider)
      // Not its own by ODS code, but the only one of the party key.
      expect(registry.endpoint(receiver, patient)).toMatchObject({ kind: 'found', endpoint: { odsCode: 'T99999' } })
      expect(registry.endpoint(receiver, patient.toUpperCase())).toEqual({ kind: 'none' })
    })

    test('looks interactions up under the name that the directory gives them', async () => {
      const registry = await open(world)
      expect(registry.directoryInteraction(`${nrl}.read`)).toBe(nrl)
      expect(registry.directoryInteraction(patient)).toBe(patient)
      expect(systemOf(registry, consumer).interactions.has(registry.directoryInteraction(`${nrl}.read`))).toBe(true)
      expect(registry.endpoint(systemOf(registry, provider), `${nrl}.read`)).toMatchObject({ kind: 'found' })
    })

    test('refuses every pair unless a rule allows it, and names the rule', async () => {
      const rule = {
        reference: 'DSA-7',
        effect: 'allow',
        from: { asid: consumer.asid },
        to: { ods: provider.odsCode },
        interactions: [`${prefix}*`],
      }
      const registry = await open({ ...world, rules: [rule] })
      const [from, to] = [systemOf(registry, consumer), systemOf(registry, provider)]
      expect(registry.sharing(from, to, patient, 0)).toEqual({ allowed: true, rule: 'DSA-7' })
      expect(registry.sharing(to, from, patient, 0)).toEqual({ allowed: false, rule: 'default' })
      expect(registry.sharing(from, to, nrl, 0)).toEqual({ allowed: false, rule: 'default' })
      expect(registry.counts.sharingRules).toBe(1)
    })

    test('gives the pins that the settings hold', async () => {
      const pin = 'ab'.repeat(32)
      const registry = await open({ ...world, pins: { [consumer.asid]: [pin.toUpperCase()] } })
      expect(registry.pinsOf(consumer.asid)).toEqual([pin])
      expect(registry.pinsOf(provider.asid)).toEqual([])
    })

    test('is named by its content', async () => {
      const [one, same, other] = await Promise.all([open(world), open(world), open({ ...world, systems: [consumer] })])
      expect(one.version).toMatch(/^[0-9a-f]{16}$/)
      expect(same.version).toBe(one.version)
      expect(other.version).not.toBe(one.version)
    })
  })
}

function endpointOf(system: SystemSpec, url: string): EndpointSpec {
  const { odsCode, partyKey } = system
  return { cpaId: `E-${odsCode}`, odsCode, partyKey, fqdn: new URL(url).hostname, url, interactions: [patient] }
}

function systemOf(registry: Registry, spec: SystemSpec): AccreditedSystem {
  const answer = registry.system(spec.asid)
  if (answer.kind !== 'found') throw new Error(`${spec.asid} is ${answer.kind}`)
  return answer.system
}
