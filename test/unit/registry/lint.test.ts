import { lintRegistry } from '../../../src/registry/lint.ts'
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts'
import { type EndpointSpec, type SystemSpec, spell } from '../../support/registry-records.ts'

const system: SystemSpec = { asid: '200000000359', odsCode: 'T1', partyKey: 'T1-100000', interactions: ['urn:x'] }
const endpoint: EndpointSpec = {
  cpaId: 'S1',
  odsCode: 'T1',
  partyKey: 'T1-100000',
  fqdn: 'a.nhs.uk',
  url: 'https://a.nhs.uk/T1/STU3/1',
  interactions: ['urn:x'],
}

describe('lint', () => {
  let folder: RegistryFolder
  beforeEach(async () => {
    folder = await createRegistryFolder()
  })
  afterEach(() => folder.remove())

  test('lists everything, with file and line, and why the load would be refused at the end', async () => {
    await folder.write(
      'a.ndjson',
      spell('ndjson', [system, { ...system, asid: '12', odsCode: 't1' }], [endpoint, { ...endpoint, url: 'https://a.nhs.uk/T1/STU3/1/' }]),
    )
    const findings = await lintRegistry(folder.settings(['a.ndjson']), folder.path)
    expect(findings.map(({ severity, place, message }) => `${severity} ${place} ${message.slice(0, 30)}`)).toEqual([
      'error a.ndjson:2 asid must be 12 digits, not "1',
      'error a.ndjson:4 CPA ids S1 (a.ndjson:3) and S1',
      'warning a.ndjson:2 odsCode t1 has lower-case lett',
      'warning a.ndjson:4 url ends with a slash: it is c',
      'error a.ndjson the load is refused: a.ndjson:',
    ])
  })

  test('names a CPA id that two endpoints bear, once a record', async () => {
    const both = { interactions: ['urn:x', 'urn:y'] }
    const other = { ...endpoint, ...both, odsCode: 'T2', partyKey: 'T2-200000', url: 'https://a.nhs.uk/T2/STU3/1' }
    await folder.write('a.ndjson', spell('ndjson', [system], [endpoint, { ...endpoint, interactions: ['urn:y'] }, other]))
    expect(await lintRegistry(folder.settings(['a.ndjson']), folder.path)).toEqual([
      {
        severity: 'warning',
        place: 'a.ndjson:4',
        record: 'S1',
        message: 'the CPA id stands at a.ndjson:2 already, on another endpoint: a lockout by it shuts both out',
      },
    ])
  })

  test('names rules for parties that the directory does not hold', async () => {
    const rule = { effect: 'deny', from: '*', to: '*', interactions: ['*'] }
    await folder.write('a.ndjson', spell('ndjson', [system], [endpoint]))
    await folder.write(
      'rules.ndjson',
      [
        { ...rule, reference: 'held', from: { asid: system.asid }, to: { ods: 'T1' } },
        { ...rule, reference: 'typing', from: { ods: 't1' } },
        { ...rule, reference: 'stranger', to: { asid: '200000000358' } },
      ]
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    )
    const settings = { ...folder.settings(['a.ndjson']), sharingRules: 'rules.ndjson' }
    expect(await lintRegistry(settings, folder.path)).toEqual([
      {
        severity: 'warning',
        place: 'rules.ndjson:2',
        record: 'typing',
        message: 'from names no system of the directory: none has the ODS code t1 (it is compared exactly)',
      },
      {
        severity: 'warning',
        place: 'rules.ndjson:3',
        record: 'stranger',
        message: 'to names no system of the directory: none has the ASID 200000000358',
      },
    ])
  })

  test('says where a file cannot be read', async () => {
    await folder.write('a.yaml', 'systems: {}\n')
    expect(await lintRegistry(folder.settings(['a.yaml']), folder.path)).toEqual([
      { severity: 'error', place: 'a.yaml:1', record: '', message: expect.stringContaining('systems must be a list') },
    ])
  })

  test('has nothing to say of good files', async () => {
    await folder.write('a.ldif', spell('ldif', [system], [endpoint]))
    expect(await lintRegistry(folder.settings(['a.ldif']), folder.path)).toEqual([])
  })
})
