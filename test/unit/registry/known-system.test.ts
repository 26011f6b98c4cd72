import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from '../../../src/registry/registry.ts'
import { registrySettings } from '../../../src/registry/registry-settings.ts'
import { createRegistrySource } from '../../../src/registry/registry-source.ts'
import type { AccreditedSystem } from '../../../src/spine/accredited-system.ts'

const interaction = 'urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1'
const [first, second] = ['200000000001', '200000000002'] as const
const [his, hers, both] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)] as const

/** A directory of two providers, in this order: the numbers of their names depend on it. */
async function directory(asids: readonly string[], pins: Readonly<Record<string, readonly string[]>> = {}): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'known-system-'))
  try {
    const systems = asids.map((asid) => ({
      asid,
      odsCode: `P${asid.slice(-1)}`,
      partyKey: `P${asid.slice(-1)}-1`,
      interactions: [interaction],
    }))
    const endpoints = systems.map(({ odsCode, partyKey, interactions }) => {
      const fqdn = `${odsCode.toLowerCase()}.example.nhs.uk`
      return { cpaId: `C${odsCode}`, odsCode, partyKey, fqdn, url: `https://${fqdn}/FHIR`, interactions }
    })
    await writeFile(join(folder, 'records.yaml'), JSON.stringify({ systems, endpoints }))
    const rules = [
      { reference: 'BY-ASID', effect: 'allow', from: { asid: first }, to: { asid: second }, interactions: [interaction] },
      { reference: 'BY-ORGANISATION', effect: 'allow', from: { ods: 'P2' }, to: { ods: 'P1' }, interactions: [interaction] },
    ]
    await writeFile(join(folder, 'rules.yaml'), JSON.stringify({ rules }))
    return await createRegistrySource(registrySettings.parse({ files: ['records.yaml'], sharingRules: 'rules.yaml', pins }), folder).load()
  } finally {
    await rm(folder, { recursive: true })
  }
}

function systemOf(registry: Registry, asid: string): AccreditedSystem {
  const found = registry.system(asid)
  if (found.kind !== 'found') throw new Error(`${asid} is ${found.kind}`)
  return found.system
}

test('a system that another directory gave out is known by its names, not by its numbers there', async () => {
  const [before, after] = [await directory([first, second]), await directory([second, first])]
  const [sender, receiver] = [systemOf(before, first), systemOf(before, second)]
  expect(after.endpoint(receiver, interaction)).toMatchObject({ kind: 'found', endpoint: { cpaId: 'CP2' } })
  expect(after.sharing(sender, receiver, interaction, 0)).toEqual({ allowed: true, rule: 'BY-ASID' })
  expect(after.sharing(receiver, sender, interaction, 0)).toEqual({ allowed: true, rule: 'BY-ORGANISATION' })
})

test('a system that no directory gave out is known by its names', async () => {
  const registry = await directory([first, second])
  const [sender, receiver] = [{ ...systemOf(registry, first) }, { ...systemOf(registry, second) }]
  expect(registry.endpoint(receiver, interaction)).toMatchObject({ kind: 'found', endpoint: { cpaId: 'CP2' } })
  expect(registry.sharing(sender, receiver, interaction, 0)).toEqual({ allowed: true, rule: 'BY-ASID' })
  expect(registry.endpoint({ ...receiver, partyKey: 'NOBODY-1' }, interaction)).toEqual({ kind: 'none' })
})

test('a certificate speaks for each system that it is pinned to, by whichever of its fingerprints, and for each once', async () => {
  const registry = await directory([first, second], { [first]: [his, both], [second]: [hers] })
  const spokenFor = (sha256: string, publicKeySha256: string) => registry.systemsSpokenFor({ names: [], sha256, publicKeySha256 })
  expect(spokenFor(his, both)).toBe(1)
  expect(spokenFor(his, hers)).toBe(2)
  expect(spokenFor('d'.repeat(64), 'e'.repeat(64))).toBe(0)
})
