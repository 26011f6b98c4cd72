import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { silentReport } from '../../../src/state/lockout-fan-out.ts'
import { type LockoutSettings, lockoutSettings } from '../../../src/state/lockout-settings.ts'
import { type Lockouts, LockoutsUnreadable } from '../../../src/state/lockouts.ts'
import { openLockouts } from '../../../src/state/open-lockouts.ts'
import { lockoutRequest as request } from '../../contract/lockouts.ts'

const certificate = 'ab'.repeat(32)
const now = Date.UTC(2026, 0, 1)
/** How far the clock on the wall is ahead, and how much time has passed. */
let [ahead, passed] = [0, 0]
const clock = { now: () => now + ahead + passed, elapsed: () => now + passed }
let directory: string
let file: string

beforeEach(async () => {
  ;[ahead, passed] = [0, 0]
  directory = await mkdtemp(join(tmpdir(), 'lockouts-'))
  file = join(directory, 'lockouts.json')
})
afterEach(() => rm(directory, { recursive: true }))

function open(settings: Partial<LockoutSettings> = {}, dataDirectory = directory): Promise<Lockouts> {
  return openLockouts(
    { ...lockoutSettings.parse({}), ...settings },
    { dataDirectory, node: 'node1', clock, redis: undefined, report: silentReport },
  )
}

function newKey(): { readonly signingKey: string; readonly publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  return {
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** Changes what stands in the file, as somebody with an editor would. */
async function edit(change: (content: { epoch: number; lockouts: Record<string, unknown>[] }) => void): Promise<void> {
  const content = JSON.parse(await readFile(file, 'utf8'))
  change(content)
  await writeFile(file, JSON.stringify(content))
}

describe('the file of lockouts', () => {
  test('R7: keeps what has an end over a clock that is a year ahead for a moment, and lets it go an hour behind its end', async () => {
    const lockouts = await open()
    const held = await lockouts.add({ ...request('certificate', certificate), forSeconds: 60 }, 'socket:0')
    const other = (at: number) => lockouts.add(request('asid', String(200_000_000_000 + at)), 'socket:0')
    ahead = 365 * 86_400_000
    await other(1)
    expect(lockouts.find('certificate', certificate)).toBeUndefined()
    ahead = 0
    expect([lockouts.find('certificate', certificate)?.id, (await open()).find('certificate', certificate)?.id]).toEqual([held.id, held.id])
    passed = 60_000
    await other(2)
    passed += 3_600_000
    await other(3)
    expect(await readFile(file, 'utf8')).not.toContain(held.id)
  })

  test('and its key are readable by this user alone, and nothing else is left', async () => {
    await (await open()).add(request('certificate', certificate), 'socket:0')
    expect((await readdir(directory)).sort()).toEqual(['lockouts.json', 'lockouts.key'])
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600)
  })

  test('is whole on disk once lockouts are closed, also where one was on its way', async () => {
    const lockouts = await open()
    const adding = lockouts.add(request('certificate', certificate), 'socket:0')
    await lockouts.close()
    expect((await readdir(directory)).sort()).toEqual(['lockouts.json', 'lockouts.key'])
    await adding
    expect((await open()).find('certificate', certificate)).toBeDefined()
  })

  test('does not put in force what the disk does not take', async () => {
    const lockouts = await open({ signingKey: newKey().signingKey }, join(directory, 'gone'))
    await expect(lockouts.add(request('certificate', certificate), 'socket:0')).rejects.toThrow(/ENOENT/)
    expect(lockouts.find('certificate', certificate)).toBeUndefined()
  })

  test.each<[string, Parameters<typeof edit>[0]]>([
    ['names somebody else', ({ lockouts }) => Object.assign(lockouts[0] ?? {}, { selector: { kind: 'asid', value: '200000000360' } })],
    ['gives another reason', ({ lockouts }) => Object.assign(lockouts[0] ?? {}, { reason: 'a mistake' })],
    ['says that it was released', ({ lockouts }) => Object.assign(lockouts[0] ?? {}, { state: 'released' })],
    ['has lost a lockout', ({ lockouts }) => lockouts.pop()],
    ['has other numbers', (content) => content.epoch++],
  ])('is not taken where it %s: its signature does not fit', async (_, change) => {
    const lockouts = await open()
    await lockouts.add(request('asid', '200000000359'), 'socket:0')
    await lockouts.add(request('organisation', 'T77777'), 'socket:0')
    await edit(change)
    await expect(open()).rejects.toThrow(/signature/)
  })

  test('is not taken where a key signed it that does not count, and is where the settings name that key', async () => {
    const [old, next] = [newKey(), newKey()]
    const { id } = await (await open({ signingKey: old.signingKey })).add(request('asid', '200000000359'), 'socket:0')
    await expect(open({ signingKey: next.signingKey })).rejects.toThrow(LockoutsUnreadable)
    const rotating = await open({ signingKey: next.signingKey, verificationKeys: [old.publicKey] })
    await rotating.add(request('asid', '200000000360'), 'socket:0')
    const rotated = await open({ signingKey: next.signingKey })
    expect(rotated.list().map((one) => one.selector.value)).toEqual(['200000000359', '200000000360'])
    expect(rotated.find('asid', '200000000359')?.id).toBe(id)
  })

  test('of format 1 is taken over, with epochs and signed', async () => {
    const old = {
      id: '0f0e4c8c-1e1c-4b7b-9a58-3f1f1c1d1e1f',
      selector: { kind: 'asid', value: '200000000359' },
      author: 'socket:0',
      reason: 'r',
      created: 1,
    }
    await writeFile(file, JSON.stringify({ format: 1, lockouts: [old] }))
    const lockouts = await open()
    expect(lockouts.list()).toMatchObject([{ ...old, effect: 'block', state: 'inForce', epoch: 1, changedBy: 'socket:0' }])
    expect((await lockouts.add(request('asid', '200000000360'), 'socket:0')).epoch).toBe(2)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ format: 2, epoch: 2, lockouts: [{ id: old.id }, {}] })
    expect((await open()).list()).toHaveLength(2)
  })

  test.each([
    ['cut short', '{"format":1,"lockouts":[{"id":'],
    ['empty', ''],
    ['of another format', '{"format":3,"lockouts":[]}'],
    ['without a signature', '{"format":2,"epoch":0,"lockouts":[]}'],
    ['with a field too many', '{"format":1,"lockouts":[],"all":true}'],
    [
      'with a value that no look-up would find',
      `{"format":1,"lockouts":[{"id":"0f0e4c8c-1e1c-4b7b-9a58-3f1f1c1d1e1f","selector":{"kind":"certificate","value":"${certificate.toUpperCase()}"},"author":"a","reason":"r","created":1}]}`,
    ],
  ])('is not opened where it is %s, and is named', async (_, content) => {
    await writeFile(file, content)
    const error: unknown = await open().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LockoutsUnreadable)
    expect((error as Error).message).toContain(file)
    expect(await readFile(file, 'utf8')).toBe(content)
  })

  test('is never opened unless it is a list, whatever stands in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (content) => {
        await writeFile(file, content)
        await expect(open()).rejects.toThrow(LockoutsUnreadable)
      }),
      { numRuns: 50 },
    )
  })

  test('finds in less than a microsecond among a thousand', async () => {
    const entries = Array.from({ length: 1_000 }, (_, at) => ({
      id: `0f0e4c8c-1e1c-4b7b-9a58-${String(at).padStart(12, '0')}`,
      selector: { kind: 'asid', value: String(200_000_000_000 + at) },
      author: 'socket:0',
      reason: 'r',
      created: 1,
      until: now + 1e9,
    }))
    await writeFile(file, JSON.stringify({ format: 1, lockouts: entries }))
    const lockouts = await open()
    const values = Array.from({ length: 2_000 }, (_, at) => String(200_000_000_000 + at))
    let found = 0
    const best = Math.min(
      ...Array.from({ length: 20 }, () => {
        const start = performance.now()
        for (const value of values) if (lockouts.find('asid', value) !== undefined) found++
        return ((performance.now() - start) * 1000) / values.length
      }),
    )
    expect(found).toBe(20_000)
    expect(best).toBeLessThan(1)
  })
})
