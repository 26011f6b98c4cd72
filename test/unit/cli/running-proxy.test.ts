import { type Installation, install } from '../../support/run-ssp.ts'
import { type Cast, createCast, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let proxy: TestOps
let here: Installation
beforeAll(async () => {
  cast = await createCast()
  proxy = await startTestOps(cast)
  here = await install()
})
afterAll(async () => {
  await proxy.close()
  await here.remove()
})

function ssp(...args: string[]) {
  return here.run(args, { SSP_DATA_DIRECTORY: proxy.directory })
}

test('status prints the conditions, and ends with 1 where the proxy is not ready', async () => {
  expect(await ssp('status')).toEqual({ code: 0, out: '[+]registry ok: 12 systems\nreadyz check passed\n', error: '' })
  proxy.world.readiness = {
    ready: false,
    items: [{ name: 'audit', ok: false, detail: 'disk full' }],
    degraded: [],
    warnings: [],
    observed: ['throttle'],
  }
  expect(await ssp('status')).toEqual({
    code: 1,
    out: '[-]audit failed: disk full\n[~]throttle is only observed\nreadyz check failed\n',
    error: '',
  })
})

test('reload tells what came of it', async () => {
  expect(await ssp('reload')).toEqual({ code: 0, out: 'reloaded\n', error: '' })
})

test('a lockout is added, listed and released by what it names', async () => {
  const added = await ssp('lockout', 'add', '--party-key', 't77777-7777777', '--reason', 'call 4711', '--for', '1h')
  expect(added).toMatchObject({ code: 0, error: '' })
  expect(added.out).toMatch(/^[0-9a-f-]{36} party-key T77777-7777777 until \d{4}-.*Z by socket:.*: call 4711\n$/)
  expect((await ssp('lockout', 'list')).out).toBe(added.out)
  const released = await ssp('lockout', 'release', '--party-key', 'T77777-7777777', '--reason', 'solved')
  expect(released).toEqual({ code: 0, out: `released ${added.out}`, error: '' })
  expect(proxy.acts.at(-1)).toEqual([expect.anything(), 'lockout-release', expect.objectContaining({ reason: 'solved' })])
  expect(await ssp('lockout', 'list')).toEqual({ code: 0, out: '', error: '' })
})

test('a lockout is released by its id', async () => {
  const { out } = await ssp('lockout', 'add', '--asid', '200000000359', '--reason', 'x')
  expect(out).toContain(' until released by ')
  const id = out.split(' ', 1)[0]!
  expect(await ssp('lockout', 'release', id)).toMatchObject({ code: 0 })
  expect(await ssp('lockout', 'release', id)).toEqual({ code: 1, out: '', error: 'There is no such lockout.\n' })
})

test('a lockout that is in force cannot be confirmed, and one that nobody proposed is not known', async () => {
  const { out } = await ssp('lockout', 'add', '--binding', `${'AB'.repeat(32)}:200000000359`, '--reason', 'x')
  expect(out).toContain(` binding ${'ab'.repeat(32)}:200000000359 until released by `)
  const id = out.split(' ', 1)[0]!
  expect(await ssp('lockout', 'confirm', id)).toEqual({ code: 1, out: '', error: 'The lockout is in force already.\n' })
  expect(await ssp('lockout', 'release', id)).toMatchObject({ code: 0 })
  expect(await ssp('lockout', 'confirm', id)).toEqual({ code: 1, out: '', error: 'There is no such lockout.\n' })
})

test('a drill prints each node with its time, and is in the audit', async () => {
  expect(await ssp('lockout', 'drill')).toEqual({ code: 0, out: 'test 0.0 ms\n', error: '' })
  expect(proxy.acts.at(-1)).toEqual([expect.anything(), 'lockout-drill', {}])
})

test('releasing what is not locked out ends with 1', async () => {
  expect(await ssp('lockout', 'release', '--organisation', 'X1')).toEqual({
    code: 1,
    out: '',
    error: 'no lockout in force names the organisation X1\n',
  })
})
