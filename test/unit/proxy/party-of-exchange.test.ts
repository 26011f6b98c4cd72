import type { IndexedExchange } from '../../../src/audit/index/indexed.ts'
import { partyOfExchange } from '../../../src/proxy/party-of-exchange.ts'
import type { Registry } from '../../../src/registry/registry.ts'
import type { ConsumerCertificate } from '../../../src/spine/arrival.ts'
import type { Lockout } from '../../../src/state/lockouts.ts'
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts'
import { spell } from '../../support/registry-records.ts'

const interaction = 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1'
const [surgery, branch, pinned] = ['200000000001', '200000000002', '200000000003'] as const
const [practice, hosted, pinnedPractice] = ['200000000004', '200000000005', '200000000006'] as const
const pin = 'ab'.repeat(32)

let folder: RegistryFolder
let registry: Registry
const nobody = { find: () => undefined }
beforeAll(async () => {
  folder = await createRegistryFolder()
  const system = (asid: string, odsCode: string, partyKey: string) => ({ asid, odsCode, partyKey, interactions: [interaction] })
  const named = (cpaId: string, odsCode: string, partyKey: string, fqdn: string) => ({ cpaId, odsCode, partyKey, fqdn })
  const serves = (cpaId: string, odsCode: string, partyKey: string, fqdn: string) => ({
    ...named(cpaId, odsCode, partyKey, fqdn),
    interactions: [interaction],
    url: `https://${fqdn}/FHIR`,
  })
  const text = spell(
    'yaml',
    [
      // One supplier's party key for the systems of two organisations.
      system(surgery, 'A11111', 'SUP-0000001'),
      system(branch, 'A22222', 'SUP-0000001'),
      system(pinned, 'A33333', 'SUP-0000001'),
      system(practice, 'B11111', 'PRA-0000001'),
      system(hosted, 'B22222', 'HOS-0000001'),
      system(pinnedPractice, 'B33333', 'PIN-0000001'),
    ],
    [
      named('S1', 'A11111', 'SUP-0000001', 'supplier.nhs.uk'),
      named('S2', 'A99999', 'OTH-0000001', 'other.nhs.uk'),
      serves('S3', 'B11111', 'PRA-0000001', 'practice.nhs.uk'),
      serves('S4', 'B22222', 'HOS-0000001', 'hosted.nhs.uk'),
      serves('S5', 'B33333', 'PIN-0000001', 'pinned.nhs.uk'),
    ],
  )
  await folder.write('registry.yaml', text)
  registry = await folder.load(['registry.yaml'], { pins: { [pinned]: [pin], [pinnedPractice]: [pin] } })
})
afterAll(() => folder.remove())

function certificate(name: string, sha256 = '11'.repeat(32)): ConsumerCertificate {
  return { sha256, publicKeySha256: '22'.repeat(32), subject: `CN=${name}`, names: [name], notAfter: Number.MAX_SAFE_INTEGER }
}

/** Whose each system is. */
const organisations: Readonly<Record<string, string>> = {
  [surgery]: 'A11111',
  [branch]: 'A22222',
  [pinned]: 'A33333',
  [practice]: 'B11111',
  [hosted]: 'B22222',
  [pinnedPractice]: 'B33333',
}

/** A call of the surgery to the practice that was forwarded, but for what is told. */
function exchanged(change: Partial<IndexedExchange> = {}): IndexedExchange {
  return {
    ...{ exchange: '0'.repeat(32), log: 'a/main', record: 0, place: '0:0', at: 1, forwarded: true, end: 'complete' as const, interaction },
    ...{ from: surgery, to: practice, endpoint: 'S3' },
    ...{
      fromOrganisation: organisations[change.from ?? surgery] ?? 'A11111',
      toOrganisation: organisations[change.to ?? practice] ?? 'B11111',
    },
    ...change,
  }
}

/** Not forwarded, and refused before row 7: its sender is what the caller said. */
const unproven = (from: string, sha256 = '33'.repeat(32)): IndexedExchange => {
  const { fromOrganisation: _proven, ...claimed } = exchanged({ forwarded: false, from, told: { certificate: sha256 } })
  return claimed
}

test.each<readonly [string, IndexedExchange, ConsumerCertificate, string | undefined]>([
  ['the sender', exchanged(), certificate('supplier.nhs.uk'), 'consumer'],
  ['the certificate that a supplier shares among systems', exchanged({ from: branch }), certificate('supplier.nhs.uk'), 'consumer'],
  ['that certificate, of a system that is pinned to another', exchanged({ from: pinned }), certificate('supplier.nhs.uk'), undefined],
  ['the certificate that a system is pinned to', exchanged({ from: pinned }), certificate('any.nhs.uk', pin), 'consumer'],
  ['another', exchanged(), certificate('other.nhs.uk'), undefined],
  ['a name that is registered for nobody', exchanged(), certificate('nobody.nhs.uk'), undefined],
  ['the sender whose ASID the directory no longer has', exchanged({ from: '299999999999' }), certificate('supplier.nhs.uk'), undefined],
  ['the receiver', exchanged(), certificate('practice.nhs.uk'), 'provider'],
  ['the receiver, of a call that was not forwarded', exchanged({ forwarded: false }), certificate('practice.nhs.uk'), undefined],
  ['a receiver of other calls', exchanged(), certificate('hosted.nhs.uk'), undefined],
  ['whoever is both', exchanged({ to: branch }), certificate('supplier.nhs.uk'), 'consumer'],
  [
    'a receiver that is pinned, with another certificate',
    exchanged({ to: pinnedPractice, endpoint: 'S5' }),
    certificate('pinned.nhs.uk'),
    undefined,
  ],
  [
    'a receiver that is pinned, with its own',
    exchanged({ to: pinnedPractice, endpoint: 'S5' }),
    certificate('pinned.nhs.uk', pin),
    'provider',
  ],
  ['whoever was only claimed to be the sender', unproven(surgery), certificate('supplier.nhs.uk'), undefined],
  [
    'the sender, by the certificate that made the unproven call',
    unproven(surgery, 'cc'.repeat(32)),
    certificate('supplier.nhs.uk', 'cc'.repeat(32)),
    'consumer',
  ],
  [
    'an impostor, by the certificate that made the call',
    unproven(surgery, 'cc'.repeat(32)),
    certificate('other.nhs.uk', 'cc'.repeat(32)),
    undefined,
  ],
])('%s sees it as is due', (_who, shown, presented, party) => {
  expect(partyOfExchange(shown, presented, { registry, lockouts: nobody })).toBe(party)
})

test('an unproven call without a certificate is nobody’s', () => {
  const { told: _none, ...claimed } = unproven(surgery)
  expect(partyOfExchange(claimed, certificate('supplier.nhs.uk'), { registry, lockouts: nobody })).toBeUndefined()
})

test.each(['asid', 'binding', 'partyKey', 'organisation'])(
  'whoever is locked out for that system by its %s sees nothing of it',
  (locked) => {
    const lockouts = { find: (kind: string) => (kind === locked ? ({} as Lockout) : undefined) }
    for (const name of ['supplier.nhs.uk', 'practice.nhs.uk'])
      expect(partyOfExchange(exchanged(), certificate(name), { registry, lockouts })).toBeUndefined()
  },
)

test('a system that is another organisation’s now shows its new holder nothing of before', () => {
  const moved = { ...exchanged(), fromOrganisation: 'Z99999', toOrganisation: 'Z99998' }
  for (const name of ['supplier.nhs.uk', 'practice.nhs.uk'])
    expect(partyOfExchange(moved, certificate(name), { registry, lockouts: nobody })).toBeUndefined()
})
