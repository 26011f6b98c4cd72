import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { createFileRegistry } from '../../../src/registry/file-registry.ts'
import { RegistryRejected } from '../../../src/registry/registry.ts'
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts'
import { generateRegistry, records } from '../../support/registry-generator.ts'
import { type RegistryFormat, type SystemSpec, spell } from '../../support/registry-records.ts'

const systems = (count: number, from = 0): SystemSpec[] =>
  Array.from({ length: count }, (_, n) => ({
    asid: String(200_000_000_000 + from + n),
    odsCode: `A${from + n}`,
    partyKey: `A${from + n}-100000`,
    interactions: ['urn:x'],
  }))
const bad: SystemSpec = { asid: '1', odsCode: 'A', partyKey: 'A-100000', interactions: [] }

describe('a load of registry files', () => {
  let folder: RegistryFolder
  beforeEach(async () => {
    folder = await createRegistryFolder()
  })
  afterEach(() => folder.remove())

  test('is stamped with the clock, and named by the bytes of its files in order', async () => {
    await folder.write('a.yaml', spell('yaml', systems(1), []))
    await folder.write('b.ndjson', spell('ndjson', systems(1, 1), []))
    const settings = folder.settings(['a.yaml', 'b.ndjson'])
    const registry = await createFileRegistry(settings, folder.path, { now: () => 42, elapsed: () => 0 }).load()
    const bytes = [spell('yaml', systems(1), []), spell('ndjson', systems(1, 1), []), 'rules: []\n'].join('')
    expect(registry.loadedAt).toBe(42)
    expect(registry.version).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 16))
    expect(registry.counts).toEqual({ systems: 2, endpoints: 0, faulty: 0, sharingRules: 0 })
  })

  test('is refused when a file is missing, is no file, or has no list that is known', async () => {
    expect((await folder.refusal(['none.yaml'])).message).toMatch(/none\.yaml: does not exist/)
    await folder.write('a.yaml', 'system: []\n')
    expect((await folder.refusal(['a.yaml'])).message).toMatch(/a\.yaml:1: "system" is not known here/)
    await folder.write('b.yaml', 'systems:\n  - asid: [\n')
    expect((await folder.refusal(['b.yaml'])).message).toMatch(/b\.yaml:3: is not valid YAML/)
    await folder.write('c.yaml', spell('yaml', systems(1), []))
    expect((await folder.refusal(['c.yaml'], { sharingRules: 'none.yaml' })).message).toMatch(/none\.yaml: does not exist/)
  })

  test.each(['pipe.yaml', 'pipe.ndjson', 'pipe.ldif'])('is refused, and waits for nobody, when %s is a pipe', async (name) => {
    execFileSync('mkfifo', [join(folder.path, name)])
    expect((await folder.refusal([name])).message).toContain(`${name}: is no ordinary file`)
  })

  test('is refused when it holds no system', async () => {
    await folder.write('a.yaml', 'systems: []\nendpoints:\n')
    expect((await folder.refusal(['a.yaml'])).message).toMatch(/no usable system/)
    await folder.write('a.ldif', 'dn: o=nhs\nobjectClass: organization\n')
    expect((await folder.refusal(['a.ldif'])).message).toMatch(/no usable system/)
  })

  test('is refused for YAML of more than 5 MB, and says what to write instead', async () => {
    await folder.write('a.yaml', `# ${'x'.repeat(5 * 1024 * 1024)}\n`)
    expect((await folder.refusal(['a.yaml'])).message).toMatch(/larger than 5 MB.*NDJSON.*LDIF/)
  })

  test('is refused when more than a hundredth is set aside, and says so with the setting’s name and the first fault', async () => {
    await folder.write('a.ndjson', spell('ndjson', [...systems(9), bad], []))
    const refused = await folder.refusal(['a.ndjson'])
    expect(refused.message).toMatch(
      /1 of 10 records \(10 %\).*registry\.maxFaultyShare allows \(1 %\).*a\.ndjson:10: asid must be 12 digits/,
    )
    expect(refused.findings).toEqual([{ severity: 'error', place: 'a.ndjson:10', record: '1', message: 'asid must be 12 digits, not "1"' }])
    expect((await folder.load(['a.ndjson'], { maxFaultyShare: 0.1 })).counts).toMatchObject({ systems: 9, faulty: 1 })
  })

  test('is accepted when exactly a hundredth is set aside', async () => {
    await folder.write('a.ndjson', spell('ndjson', [...systems(99), bad], []))
    expect((await folder.load(['a.ndjson'])).counts).toMatchObject({ systems: 99, faulty: 1 })
    await folder.write('a.ndjson', spell('ndjson', [...systems(98), bad], []))
    await folder.refusal(['a.ndjson'])
  })

  test('is refused when more than a fifth of the records vanished, and only for what is in force', async () => {
    await folder.write('a.ndjson', spell('ndjson', systems(10), []))
    const first = await folder.load(['a.ndjson'])
    await folder.write('a.ndjson', spell('ndjson', [...systems(7), ...systems(5, 100)], []))
    expect((await folder.refusal(['a.ndjson'], {}, first)).message).toMatch(
      /3 of 10 records \(30 %\).*registry\.maxVanishedShare allows \(20 %\)/,
    )
    expect((await folder.load(['a.ndjson'])).counts.systems).toBe(12)
    expect((await folder.load(['a.ndjson'], { maxVanishedShare: 0.3 }, first)).counts.systems).toBe(12)
    await folder.write('a.ndjson', spell('ndjson', systems(8), []))
    const shorter = await folder.load(['a.ndjson'], {}, first)
    expect([shorter.counts.systems, shorter.vanished, first.vanished]).toEqual([8, 2, 0])
  })

  test('counts endpoints and registrations among what vanished', async () => {
    const endpoint = {
      cpaId: 'S1',
      odsCode: 'A0',
      partyKey: 'A0-100000',
      fqdn: 'a.nhs.uk',
      url: 'https://a.nhs.uk/x',
      interactions: ['urn:a', 'urn:b'],
    }
    const registration = { cpaId: 'S2', odsCode: 'A0', partyKey: 'A0-100000', fqdn: 'c.nhs.uk' }
    await folder.write('a.ndjson', spell('ndjson', systems(6), [endpoint, registration]))
    const first = await folder.load(['a.ndjson'])
    await folder.write('a.ndjson', spell('ndjson', systems(6), []))
    expect((await folder.refusal(['a.ndjson'], {}, first)).message).toMatch(/3 of 9 records/)
  })

  test('compares by number with a registry from somewhere else', async () => {
    await folder.write('a.ndjson', spell('ndjson', systems(7), []))
    const other = { ...(await folder.load(['a.ndjson'])), counts: { systems: 10, endpoints: 0, faulty: 0, sharingRules: 0 } }
    expect((await folder.refusal(['a.ndjson'], {}, other)).message).toMatch(/3 of 10 records/)
  })

  test('of a large file, in a thread of its own, gives the same registry and the same refusals', async () => {
    const path = join(folder.path, 'large.ndjson')
    await generateRegistry({ systems: 400, endpoints: 600, seed: 7, format: 'ndjson' }, path)
    const registry = await folder.load(['large.ndjson'])
    for (const record of records({ systems: 400, endpoints: 600, seed: 7 })) {
      if ('asid' in record) expect(registry.system(record.asid)).toMatchObject({ kind: 'found', system: { odsCode: record.odsCode } })
      else expect(registry.partyKeysOf(record.fqdn)).toContain(record.partyKey)
    }
    expect(registry.findings).toEqual([])
    await appendFile(path, '{"type":"system"}\n'.repeat(100))
    const refused = await folder.refusal(['large.ndjson'], {}, registry)
    expect(refused.findings.length).toBeGreaterThan(99)
    await appendFile(path, 'x'.repeat(5_000_000))
    expect((await folder.refusal(['large.ndjson'])).message).toMatch(/longer than 4 MB/)
  })

  test('counts what LDIF holds besides systems and endpoints', async () => {
    await folder.write(
      'a.ldif',
      `${spell('ldif', systems(1), [])}dn: o=nhs\nobjectClass: organization\n\ndn: ou=x\nobjectClass: organizationalUnit\n\n`,
    )
    expect((await folder.load(['a.ldif'])).findings).toEqual([
      {
        severity: 'warning',
        place: 'a.ldif',
        record: '',
        message: '2 entries of other object classes passed over: organization (1), organizationalunit (1)',
      },
    ])
  })

  test('refuses in a declared way whatever the files hold', async () => {
    const formats: readonly (RegistryFormat | 'rules')[] = ['yaml', 'ndjson', 'ldif', 'rules']
    const good = Buffer.from(spell('ldif', systems(2), []))
    const spoiled = (format: RegistryFormat) =>
      fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 8 })).map(([at, bytes]) => {
        const text = format === 'ldif' ? good : Buffer.from(spell(format, systems(2), []))
        return Buffer.concat([text.subarray(0, at % text.length), bytes, text.subarray(at % text.length)])
      })
    await fc.assert(
      fc.asyncProperty(
        fc
          .constantFrom(...formats)
          .chain((format) =>
            fc.tuple(fc.constant(format), fc.oneof(fc.uint8Array({ maxLength: 400 }), spoiled(format === 'rules' ? 'yaml' : format))),
          ),
        async ([format, bytes]) => {
          await folder.write('a.ndjson', spell('ndjson', systems(1), []))
          const name = format === 'rules' ? 'r.yaml' : `b.${format}`
          await folder.write(name, Buffer.from(bytes) as unknown as string)
          const settings = format === 'rules' ? folder.settings(['a.ndjson'], { sharingRules: name }) : folder.settings(['a.ndjson', name])
          const outcome = await createFileRegistry(settings, folder.path)
            .load()
            .catch((error: unknown) => error)
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(RegistryRejected)
        },
      ),
      { numRuns: 300 },
    )
  })
})
