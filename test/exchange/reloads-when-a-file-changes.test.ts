import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OperationEntry } from '../../src/audit/entry.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

const path = (name: string) => join(world.directory, name)

async function ready(): Promise<string> {
  return JSON.stringify((await callControl(world.proxy.socketPath, 'GET', '/readyz?verbose')).body)
}

function reloads(): readonly OperationEntry[] {
  return world.audit().filter((entry): entry is OperationEntry => entry.type === 'operation' && entry.act.startsWith('reload'))
}

function system(asid: string): unknown {
  return { asid, odsCode: 'T12345', partyKey: 'T12345-1234567', interactions: [] }
}

test('a file that the settings name is read again once it has changed, a file that only a reload brought in no less', async () => {
  const systems = Number(/(\d+) systems/.exec(await ready())?.[1])
  await writeFile(path('more.yaml'), JSON.stringify({ systems: [system('918999198901')], endpoints: [] }))
  const settings = JSON.parse(await readFile(path('config.yaml'), 'utf8')) as { registry: { files: string[] } }
  settings.registry.files.push('more.yaml')
  await writeFile(path('config.yaml'), JSON.stringify(settings))
  await until('the second file of systems', async () => (await ready()).includes(`${systems + 1} systems`), 20_000)

  await writeFile(path('more.yaml'), JSON.stringify({ systems: [system('918999198901'), system('918999198902')], endpoints: [] }))
  await until('the system that was added to it', async () => (await ready()).includes(`${systems + 2} systems`), 20_000)

  // Nobody asked for these: the audit says that the process itself did it, and what came of it.
  const recorded = await until('both records', () => reloads().length >= 2 && reloads())
  expect(recorded.map(({ actor, act }) => [actor, act])).toEqual([
    ['process', 'reloaded'],
    ['process', 'reloaded'],
  ])
  expect(recorded[1]?.detail['detail']).toMatch(/^new: registry [0-9a-f]{16}$/)
})

test('a file that cannot be used changes nothing, and the audit says so', async () => {
  const before = reloads().length
  await writeFile(path('operators-ca.pem'), 'not a certificate')
  await until('the refused reload', async () => (await ready()).includes('the last reload was refused'), 20_000)
  const [refused] = await until('its record', () => reloads().length > before && reloads().slice(before))
  expect(refused).toMatchObject({ actor: 'process', act: 'reload-refused' })
  expect(refused?.detail['detail']).toContain('operators-ca.pem')
})
