import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSsp } from '../support/run-ssp.ts'
import { certificates } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'

let keys: string
let here: WorldProcess
beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'keys-'))
  await writeFile(join(keys, 'open.key'), (await certificates()).server.keyPem)
  await writeFile(join(keys, 'group.key'), (await certificates()).client.keyPem)
  await chmod(join(keys, 'open.key'), 0o644)
  await chmod(join(keys, 'group.key'), 0o640)
  here = await startWorldProcess({
    settings: {
      checks: { 'media-type': { mode: 'observe' } },
      listener: { key: join(keys, 'open.key') },
      forwarding: { key: join(keys, 'group.key') },
    },
  })
})
afterAll(async () => {
  await here.close()
  await rm(keys, { recursive: true })
})

const said = () => here.log.map(({ msg }) => String(msg))

test('a check that only observes is named at the start, in /readyz?verbose and in a metric', async () => {
  expect(said()).toContainEqual(expect.stringMatching(/^only observing, not enforcing: .*media-type/))
  expect((await here.page('/readyz?verbose')).body).toContain('media-type is only observed')
  expect((await here.page('/metrics')).body).toMatch(/^ssp_check_observing\{check="media-type"\} 1$/m)
})

test('an address that is dialled past the guard is named at the start and in /readyz?verbose', async () => {
  const named = /provider\.thirdparty\.nhs\.uk:443 is dialled at 127\.0\.0\.1:\d+, past the dial guard/
  expect(said()).toContainEqual(expect.stringMatching(named))
  expect((await here.page('/readyz?verbose')).body).toMatch(named)
})

test('a private key that others can read is named at the start, in /readyz?verbose and by check-config', async () => {
  const [open, group] = [join(keys, 'open.key'), join(keys, 'group.key')]
  const named = [
    `the private key ${open} is open to every user of this machine (mode 644): run chmod 600 ${open}`,
    `the private key ${group} is open to its group (mode 640): run chmod 600 ${group}`,
  ]
  expect(said().filter((text) => text.startsWith('the private key'))).toEqual(named)
  const { body } = await here.page('/readyz?verbose')
  const { out } = await runSsp(['check-config', '--config', here.config])
  for (const text of named) {
    expect(body).toContain(text)
    expect(out).toContain(text)
  }
})
