import { readFile } from 'node:fs/promises'
import { describeWithRealData, realData } from '../../support/real-data.ts'
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts'

describeWithRealData('LDIF of the national directory', () => {
  let folder: RegistryFolder
  beforeEach(async () => {
    folder = await createRegistryFolder()
  })
  afterEach(() => folder.remove())

  async function copy(...names: readonly string[]): Promise<string> {
    const texts = await Promise.all(names.map((name) => readFile(realData(`sds/${name}.ldif`) ?? name, 'utf8')))
    await folder.write('real.ldif', texts.join('\n\n'))
    return 'real.ldif'
  }

  test('an accredited system that stands there three times is one', async () => {
    const registry = await folder.load([await copy('accredited-system')])
    expect(registry.system('000428682512')).toMatchObject({
      kind: 'found',
      system: {
        odsCode: 'RVL',
        partyKey: 'RVL-806539',
        manufacturer: 'LSP04',
        productName: 'Cerner Millennium',
        interactions: new Set(['urn:nhs:names:services:pds:QUPA_IN040000UK01']),
      },
    })
    expect(registry.findings.map(({ severity, message }) => [severity, message.includes('merged')])).toEqual([
      ['warning', true],
      ['warning', true],
    ])
  })

  test('additions of the change log are records', async () => {
    const file = await copy('changelog-add-accredited_system', 'changelog-add-message_handling_system')
    const registry = await folder.load([file])
    const receiver = { asid: '1', odsCode: 'C3O9X', partyKey: 'C3O9X-823610', interactions: new Set<string>() }
    expect(registry.counts).toMatchObject({ systems: 1, endpoints: 1 })
    expect(registry.endpoint(receiver, 'urn:nhs:names:services:ers:READ_PRACTITIONER_ROLE_R4_V001')).toEqual({
      kind: 'found',
      endpoint: {
        cpaId: '00000a84594b2ef34279',
        odsCode: 'C3O9X',
        partyKey: 'C3O9X-823610',
        interaction: 'urn:nhs:names:services:ers:READ_PRACTITIONER_ROLE_R4_V001',
        url: 'https://test.C3O9X.nhs.uk/',
        host: 'test.c3o9x.nhs.uk',
        path: '',
        fqdn: 'test.c3o9x.nhs.uk',
      },
    })
    expect(registry.findings).toEqual([expect.objectContaining({ severity: 'warning', message: expect.stringContaining('slash') })])
  })

  test('deletions and modifications of the change log are no records, and are named', async () => {
    const file = await copy(
      'accredited-system',
      'changelog-delete-accredited_system',
      'changelog-modify-accredited_system-replace-nhs_as_svc_ia',
    )
    const registry = await folder.load([file], { maxFaultyShare: 0.5 })
    expect(registry.counts).toMatchObject({ systems: 1, faulty: 2 })
    expect(registry.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('"delete"'),
      expect.stringContaining('no dn'),
    ])
  })
})
