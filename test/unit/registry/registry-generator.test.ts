import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRegistryFolder } from '../../support/registry-folder.ts'
import { generateRegistry } from '../../support/registry-generator.ts'

test('generated registries are the same for the same seed, in both formats, and load without a finding', async () => {
  const folder = await createRegistryFolder()
  try {
    const request = { systems: 300, endpoints: 500, seed: 3 }
    for (const format of ['ndjson', 'ldif'] as const)
      for (const copy of ['a', 'b']) await generateRegistry({ ...request, format }, join(folder.path, `${copy}.${format}`))
    for (const format of ['ndjson', 'ldif'] as const) {
      const [a, b] = await Promise.all(['a', 'b'].map((copy) => readFile(join(folder.path, `${copy}.${format}`))))
      expect(a?.equals(b as Buffer)).toBe(true)
    }
    const [ndjson, ldif] = [await folder.load(['a.ndjson']), await folder.load(['a.ldif'])]
    expect(ldif.counts).toEqual(ndjson.counts)
    expect(ndjson.counts.systems).toBe(300)
    expect([...ldif.findings, ...ndjson.findings]).toEqual([])
  } finally {
    await folder.remove()
  }
})
