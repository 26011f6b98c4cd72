import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openLockouts } from '../../../src/state/lockout-list.ts'
import { type LockoutChange, type LockoutKind, LockoutRefused, LockoutsUnreadable } from '../../../src/state/lockouts.ts'

const certificate = 'ab'.repeat(32)
const time = { ms: Date.UTC(2026, 0, 1) }
const clock = { now: () => time.ms, elapsed: () => time.ms }
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lockouts-'))
})
afterEach(() => rm(directory, { recursive: true }))

function request(kind: LockoutKind, value: string, forSeconds?: number) {
  return { selector: { kind, value }, reason: 'Stolen key', ...(forSeconds !== undefined && { forSeconds }) }
}

describe('the list of lockouts', () => {
  test('is empty in a new data directory', async () => {
    const lockouts = await openLockouts(directory, clock)
    expect(lockouts.list()).toEqual([])
    expect(lockouts.find('certificate', certificate)).toBeUndefined()
  })

  test.each([
    ['certificate', certificate.toUpperCase(), certificate],
    ['asid', '200000000359', '200000000359'],
    ['partyKey', 't77777-7777777', 'T77777-7777777'],
    ['organisation', 'T77777', 'T77777'],
    ['endpoint', 'S918999198993:1', 'S918999198993:1'],
  ] as const)('finds a %s that was locked out, and still after a restart', async (kind, given, value) => {
    const lockouts = await openLockouts(directory, clock)
    const lockout = await lockouts.add(request(kind, given), 'socket:1000')
    expect(lockout).toEqual({
      id: expect.any(String),
      selector: { kind, value },
      author: 'socket:1000',
      reason: 'Stolen key',
      created: time.ms,
    })
    expect(lockouts.find(kind, value)).toEqual(lockout)
    expect(lockouts.find(kind === 'asid' ? 'organisation' : 'asid', value)).toBeUndefined()
    expect((await openLockouts(directory, clock)).find(kind, value)).toEqual(lockout)
  })

  test('releases by id, on disk too, and knows no other id', async () => {
    const lockouts = await openLockouts(directory, clock)
    const { id } = await lockouts.add(request('certificate', certificate), 'socket:0')
    expect(await lockouts.release('constructor')).toBeUndefined()
    expect((await lockouts.release(id))?.id).toBe(id)
    expect(await lockouts.release(id)).toBeUndefined()
    expect(lockouts.find('certificate', certificate)).toBeUndefined()
    expect((await openLockouts(directory, clock)).list()).toEqual([])
  })

  test('ends a lockout when its time is over and not a millisecond before', async () => {
    const lockouts = await openLockouts(directory, clock)
    const begun = time.ms
    await lockouts.add(request('asid', '200000000359', 60), 'socket:0')
    time.ms = begun + 59_999
    expect(lockouts.find('asid', '200000000359')?.until).toBe(begun + 60_000)
    time.ms = begun + 60_000
    expect(lockouts.find('asid', '200000000359')).toBeUndefined()
    expect(lockouts.list()).toEqual([])
  })

  test('keeps a lockout in force where a shorter one on the same party ends or is released', async () => {
    const lockouts = await openLockouts(directory, clock)
    await lockouts.add(request('organisation', 'T77777', 1), 'socket:0')
    const lasting = await lockouts.add(request('organisation', 'T77777'), 'socket:0')
    const third = await lockouts.add(request('organisation', 'T77777'), 'socket:0')
    time.ms += 1_000
    await lockouts.release(third.id)
    expect(lockouts.find('organisation', 'T77777')).toEqual(lasting)
  })

  test('tells each change after it is in force, so that open connections can be cut', async () => {
    const lockouts = await openLockouts(directory, clock)
    const told: [LockoutChange, boolean][] = []
    const stop = lockouts.onChange((change) => told.push([change, lockouts.find('certificate', certificate) !== undefined]))
    const lockout = await lockouts.add(request('certificate', certificate), 'socket:0')
    await lockouts.release(lockout.id)
    stop()
    await lockouts.add(request('certificate', certificate), 'socket:0')
    expect(told).toEqual([
      [{ type: 'added', lockout }, true],
      [{ type: 'released', lockout }, false],
    ])
  })

  test('loses none of many changes made at once', async () => {
    const lockouts = await openLockouts(directory, clock)
    const asids = Array.from({ length: 20 }, (_, at) => String(200_000_000_000 + at))
    await Promise.all(asids.map((asid) => lockouts.add(request('asid', asid), 'socket:0')))
    expect((await openLockouts(directory, clock)).list().map(({ selector }) => selector.value)).toEqual(asids)
    expect(await readdir(directory)).toEqual(['lockouts.json'])
  })

  test('is readable by this user alone', async () => {
    const lockouts = await openLockouts(directory, clock)
    await lockouts.add(request('certificate', certificate), 'socket:0')
    expect((await stat(join(directory, 'lockouts.json'))).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['a certificate that is no SHA-256', request('certificate', 'ab')],
    ['an ASID of 11 digits', request('asid', '20000000035')],
    ['an endpoint with a space', request('endpoint', 'a b')],
    ['an empty reason', { ...request('asid', '200000000359'), reason: '' }],
    ['a reason with a newline', { ...request('asid', '200000000359'), reason: 'a\nb' }],
    ['a reason of 501 characters', { ...request('asid', '200000000359'), reason: 'x'.repeat(501) }],
    ['no time at all', request('asid', '200000000359', 0)],
    ['half a second', request('asid', '200000000359', 0.5)],
    ['more than a hundred years', request('asid', '200000000359', 1e12)],
  ])('refuses %s and writes nothing', async (_, wrong) => {
    const lockouts = await openLockouts(directory, clock)
    await expect(lockouts.add(wrong, 'socket:0')).rejects.toThrow(LockoutRefused)
    expect(await readdir(directory)).toEqual([])
  })

  test('does not put in force what the disk does not take', async () => {
    const lockouts = await openLockouts(join(directory, 'gone'), clock)
    await expect(lockouts.add(request('certificate', certificate), 'socket:0')).rejects.toThrow(/ENOENT/)
    expect(lockouts.find('certificate', certificate)).toBeUndefined()
  })

  test.each([
    ['cut short', '{"format":1,"lockouts":[{"id":'],
    ['empty', ''],
    ['of another format', '{"format":2,"lockouts":[]}'],
    ['with a field too many', '{"format":1,"lockouts":[],"all":true}'],
    [
      'with a value that no look-up would find',
      `{"format":1,"lockouts":[{"id":"0f0e4c8c-1e1c-4b7b-9a58-3f1f1c1d1e1f","selector":{"kind":"certificate","value":"${certificate.toUpperCase()}"},"author":"a","reason":"r","created":1}]}`,
    ],
  ])('does not open a file that is %s, and names it', async (_, content) => {
    const file = join(directory, 'lockouts.json')
    await writeFile(file, content)
    const error: unknown = await openLockouts(directory, clock).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LockoutsUnreadable)
    expect((error as Error).message).toContain(file)
    expect(await readFile(file, 'utf8')).toBe(content)
  })

  test('never opens anything but a list, whatever stands in the file', async () => {
    const file = join(directory, 'lockouts.json')
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (content) => {
        await writeFile(file, content)
        await expect(openLockouts(directory, clock)).rejects.toThrow(LockoutsUnreadable)
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
      until: time.ms + 1e9,
    }))
    await writeFile(join(directory, 'lockouts.json'), JSON.stringify({ format: 1, lockouts: entries }))
    const lockouts = await openLockouts(directory, clock)
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
