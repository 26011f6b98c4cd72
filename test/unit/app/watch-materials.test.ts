import { chmod, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import type { LoadedConfig } from '../../../src/app/load-config.ts'
import type { Materials } from '../../../src/app/materials.ts'
import { namedFiles, stateOfFiles } from '../../../src/app/named-files.ts'
import { type Watch, watchMaterials } from '../../../src/app/watch-materials.ts'
import type { Logger } from '../../../src/lib/logger.ts'

const intervalMs = 2_000
const files = {
  anchors: ['ca.pem', 'other-ca.pem'],
  intermediates: ['sub.pem'],
  crls: ['list.crl', 'other.crl'],
  registry: ['systems.yaml', 'endpoints.yaml'],
  sharingRules: 'rules.yaml',
  listener: { certificate: 'server.pem', key: 'server.key' },
  operators: { certificate: 'operators.pem', key: 'operators.key', anchors: ['operators-ca.pem'] },
  forwarding: { certificate: 'client.pem', key: 'client.key' },
  audit: { witnesses: [{ anchors: ['witness-ca.pem'] }, { anchors: ['other-witness-ca.pem'] }] },
  index: { postgres: { tls: { anchors: ['database-ca.pem'], certificate: 'database.pem', key: 'database.key' } } },
}
const all = ['config.yaml', ...JSON.stringify(files).matchAll(/"([a-z-]+\.[a-z]+)"/g)].map((one) =>
  typeof one === 'string' ? one : (one[1] ?? ''),
)

let folder: string
let watch: Watch
let reloads: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watched-'))
  for (const name of all) await writeFile(join(folder, name), 'first')
  const { anchors, intermediates, crls, registry, sharingRules, ...rest } = files
  const config = { trust: { anchors, intermediates, crls }, registry: { files: registry, sharingRules }, ...rest }
  const loaded = { config, baseDir: folder, file: join(folder, 'config.yaml') } as unknown as LoadedConfig
  const materials = { loaded, filesBefore: await stateOfFiles(namedFiles(loaded)) } as Materials
  reloads = []
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] })
  watch = watchMaterials(
    () => materials,
    async (actor) => void reloads.push(actor),
    { info: () => undefined } as unknown as Logger,
  )
  await looked()
})
afterEach(async () => {
  watch.close()
  jest.useRealTimers()
  await rm(folder, { recursive: true })
})

/** Once whoever looks at the files has seen them all: what is asked later is answered later. */
async function looked(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.all(all.map((name) => stat(join(folder, name)).catch(() => undefined)))
}

async function anInterval(): Promise<void> {
  jest.advanceTimersByTime(intervalMs)
  await looked()
}

async function replace(name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), text)
  await rename(join(folder, `${name}.new`), join(folder, name))
}

test.each(all)('%s is read again once it has changed and then stayed the same, once, in the name of the process', async (name) => {
  await anInterval()
  expect(reloads).toEqual([])
  await replace(name, 'second')
  await anInterval()
  expect(reloads).toEqual([])
  await anInterval()
  await anInterval()
  expect(reloads).toEqual(['process'])
})

test('a file that goes on changing is waited for; one that is gone has changed, and so has one that is there again', async () => {
  for (const text of ['1', '12', '123', '1234']) {
    await replace('list.crl', text)
    await anInterval()
  }
  expect(reloads).toEqual([])
  await anInterval()
  expect(reloads).toHaveLength(1)
  await rm(join(folder, 'ca.pem'))
  await anInterval()
  await anInterval()
  expect(reloads).toHaveLength(2)
  await replace('ca.pem', 'second')
  await anInterval()
  await anInterval()
  expect(reloads).toHaveLength(3)
})

test('a file that is given other rights has changed: the reload that could not read it is tried again', async () => {
  await replace('server.key', 'second')
  await chmod(join(folder, 'server.key'), 0)
  await anInterval()
  await anInterval()
  expect(reloads).toHaveLength(1)
  await chmod(join(folder, 'server.key'), 0o600)
  await anInterval()
  await anInterval()
  expect(reloads).toHaveLength(2)
})
