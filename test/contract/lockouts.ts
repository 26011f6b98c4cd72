import { type LockoutSettings, lockoutSettings } from '../../src/state/lockout-settings.ts'
import { type LockoutChange, type LockoutKind, LockoutRefused, type LockoutRequest, type Lockouts } from '../../src/state/lockouts.ts'

/** One node's place for lockouts, which can be opened again and again: each time is a start of the same node. */
export interface LockoutsPlace {
  open(settings: LockoutSettings): Promise<Lockouts>
  /** The wall clock that it is opened with; the test holds it. */
  readonly time: { ms: number }
  close(): Promise<void>
}

const certificate = 'ab'.repeat(32)

/** A request for a lockout with a usual reason. */
export function lockoutRequest(kind: LockoutKind, value: string, more: Partial<LockoutRequest> = {}): LockoutRequest {
  return { selector: { kind, value }, reason: 'Stolen key', ...more }
}

/** What every backend of lockouts keeps, alone or with others. */
export function lockoutsContract(name: string, makePlace: () => Promise<LockoutsPlace>): void {
  describe(`lockouts: ${name}`, () => {
    let place: LockoutsPlace
    let opened: Lockouts[] = []
    beforeEach(async () => {
      place = await makePlace()
    })
    afterEach(async () => {
      await Promise.all(opened.map((one) => one.close()))
      opened = []
      await place.close()
    })

    async function open(settings: Partial<LockoutSettings> = {}): Promise<Lockouts> {
      const lockouts = await place.open({ ...lockoutSettings.parse({}), ...settings })
      opened.push(lockouts)
      expect(await lockouts.caughtUp(5_000)).toBe(true)
      return lockouts
    }

    /** As after the end of the process and a new start. */
    async function reopened(): Promise<Lockouts> {
      await Promise.all(opened.splice(0).map((one) => one.close()))
      return open()
    }

    test('there are none in a new place', async () => {
      const lockouts = await open()
      expect([lockouts.list(), lockouts.size, lockouts.find('certificate', certificate)]).toEqual([[], 0, undefined])
    })

    test.each([
      ['certificate', certificate.toUpperCase(), certificate],
      ['asid', '200000000359', '200000000359'],
      ['partyKey', 't77777-7777777', 'T77777-7777777'],
      ['organisation', 'T77777', 'T77777'],
      ['endpoint', 'S918999198993:1', 'S918999198993:1'],
      ['binding', `${certificate.toUpperCase()}:200000000359`, `${certificate}:200000000359`],
    ] as const)('a %s that was locked out is found, and still after a restart', async (kind, given, value) => {
      const lockouts = await open()
      const lockout = await lockouts.add(lockoutRequest(kind, given), 'socket:1000')
      expect(lockout).toMatchObject({
        selector: { kind, value },
        effect: 'block',
        state: 'inForce',
        author: 'socket:1000',
        changedBy: 'socket:1000',
        reason: 'Stolen key',
        created: place.time.ms,
        epoch: 1,
      })
      expect(lockouts.find(kind, value)).toEqual(lockout)
      expect(lockouts.find(kind === 'asid' ? 'organisation' : 'asid', value)).toBeUndefined()
      expect((await reopened()).find(kind, value)).toEqual(lockout)
    })

    test('the longest reason and the longest names of operators are still there after a restart', async () => {
      const lockouts = await open({ confirmByHand: true })
      const [author, confirmer] = ['a', 'b'].map((letter) => `${letter.repeat(64)} CN=${letter.repeat(509)}`) as [string, string]
      // Each of them is two units of UTF-16.
      const reason = '\u{1F512}'.repeat(500)
      const { id } = await lockouts.add(lockoutRequest('asid', '200000000359', { reason }), author)
      await lockouts.confirm(id, confirmer)
      expect((await reopened()).find('asid', '200000000359')).toMatchObject({ id, reason, author, changedBy: confirmer })
    })

    test('a release by id holds, after a restart too, and no other id is known', async () => {
      const lockouts = await open()
      const { id } = await lockouts.add(lockoutRequest('certificate', certificate), 'socket:0')
      expect(await lockouts.release('constructor', 'socket:1')).toBeUndefined()
      expect(await lockouts.release(id, 'socket:1')).toMatchObject({ id, state: 'released', changedBy: 'socket:1' })
      expect(await lockouts.release(id, 'socket:1')).toBeUndefined()
      expect([lockouts.find('certificate', certificate), lockouts.size]).toEqual([undefined, 0])
      expect((await reopened()).list()).toEqual([])
    })

    test('each change has an epoch above all before, after a restart too', async () => {
      const lockouts = await open()
      const first = await lockouts.add(lockoutRequest('asid', '200000000359'), 'socket:0')
      const second = await lockouts.add(lockoutRequest('asid', '200000000360'), 'socket:0')
      const released = await lockouts.release(first.id, 'socket:0')
      const later = await (await reopened()).add(lockoutRequest('asid', '200000000361'), 'socket:0')
      const epochs = [first.epoch, second.epoch, released?.epoch ?? 0, later.epoch]
      expect(epochs.every((epoch, at) => at === 0 || epoch > (epochs[at - 1] ?? 0))).toBe(true)
    })

    test('a lockout ends when its time is over and not a millisecond before', async () => {
      const lockouts = await open()
      const begun = place.time.ms
      await lockouts.add(lockoutRequest('asid', '200000000359', { forSeconds: 60 }), 'socket:0')
      place.time.ms = begun + 59_999
      expect(lockouts.find('asid', '200000000359')?.until).toBe(begun + 60_000)
      place.time.ms = begun + 60_000
      expect([lockouts.find('asid', '200000000359'), lockouts.list()]).toEqual([undefined, []])
    })

    test('a party stays locked out where a shorter lockout on it ends or another is released', async () => {
      const lockouts = await open()
      await lockouts.add(lockoutRequest('organisation', 'T77777', { forSeconds: 1 }), 'socket:0')
      const lasting = await lockouts.add(lockoutRequest('organisation', 'T77777'), 'socket:0')
      const third = await lockouts.add(lockoutRequest('organisation', 'T77777'), 'socket:0')
      place.time.ms += 1_000
      await lockouts.release(third.id, 'socket:0')
      expect(lockouts.find('organisation', 'T77777')).toEqual(lasting)
    })

    test('whoever is slowed down is not blocked', async () => {
      const lockouts = await open()
      const slow = await lockouts.add(lockoutRequest('certificate', certificate, { effect: 'slow' }), 'rule:probing')
      expect([lockouts.find('certificate', certificate), lockouts.findSlow('certificate', certificate), lockouts.size]).toEqual([
        undefined,
        slow,
        1,
      ])
    })

    test('a proposed lockout does nothing until somebody else confirms it; then it lasts as long as was asked for', async () => {
      const lockouts = await open({ confirmByHand: true })
      const { id } = await lockouts.add(lockoutRequest('asid', '200000000359', { forSeconds: 60 }), 'socket:1')
      expect([lockouts.list().map(({ state }) => state), lockouts.find('asid', '200000000359')]).toEqual([['proposed'], undefined])
      await expect(lockouts.confirm(id, 'socket:1')).rejects.toThrow(LockoutRefused)
      place.time.ms += 30_000
      expect(await lockouts.confirm(id, 'socket:2')).toMatchObject({ author: 'socket:1', changedBy: 'socket:2', state: 'inForce' })
      expect(lockouts.find('asid', '200000000359')?.until).toBe(place.time.ms + 60_000)
      await expect(lockouts.confirm(id, 'socket:3')).rejects.toThrow(LockoutRefused)
      expect(await lockouts.confirm('nobody', 'socket:3')).toBeUndefined()
      expect((await reopened()).find('asid', '200000000359')?.id).toBe(id)
    })

    test('nobody confirms by a second certificate what the same person proposed by the first', async () => {
      const lockouts = await open({ confirmByHand: true })
      const [first, renewed] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string]
      const { id } = await lockouts.add(lockoutRequest('asid', '200000000359'), `${first} CN=alice`)
      await expect(lockouts.confirm(id, `${renewed} CN=alice`)).rejects.toThrow(LockoutRefused)
      expect(await lockouts.confirm(id, `${renewed} CN=bob`)).toMatchObject({ state: 'inForce' })
    })

    test('a block by a rule waits for an operator where the settings say so, and slowing down does not', async () => {
      const lockouts = await open({ confirmByRule: true })
      await lockouts.add(lockoutRequest('certificate', certificate, { effect: 'slow' }), 'rule:probing')
      const block = await lockouts.add(lockoutRequest('certificate', certificate, { evidence: ['e1', 'e2'] }), 'rule:probing')
      expect(block).toMatchObject({ state: 'proposed', evidence: ['e1', 'e2'] })
      expect(lockouts.findSlow('certificate', certificate)?.state).toBe('inForce')
      await lockouts.confirm(block.id, 'socket:1')
      expect(lockouts.find('certificate', certificate)?.id).toBe(block.id)
    })

    test('each change is told once it is in force, so that open connections can be cut', async () => {
      const lockouts = await open()
      const told: [LockoutChange['type'], string, boolean][] = []
      const stop = lockouts.onChange(({ type, lockout }) =>
        told.push([type, lockout.id, lockouts.find('certificate', certificate) !== undefined]),
      )
      const { id } = await lockouts.add(lockoutRequest('certificate', certificate), 'socket:0')
      await lockouts.release(id, 'socket:0')
      stop()
      await lockouts.add(lockoutRequest('certificate', certificate), 'socket:0')
      expect(told).toEqual([
        ['added', id, true],
        ['released', id, false],
      ])
    })

    test('none of many changes made at once is lost', async () => {
      const lockouts = await open()
      const asids = Array.from({ length: 20 }, (_, at) => String(200_000_000_000 + at))
      await Promise.all(asids.map((asid) => lockouts.add(lockoutRequest('asid', asid), 'socket:0')))
      expect((await reopened()).list().map(({ selector }) => selector.value)).toEqual(asids)
    })

    test('a drill names this node and locks nobody out', async () => {
      const lockouts = await open()
      const answers = await lockouts.drill()
      expect(answers).toHaveLength(1)
      expect(answers[0]?.milliseconds).toBeGreaterThanOrEqual(0)
      expect(lockouts.list()).toEqual([])
    })

    test.each([
      ['a certificate that is no SHA-256', lockoutRequest('certificate', 'ab')],
      ['an ASID of 11 digits', lockoutRequest('asid', '20000000035')],
      ['an endpoint with a space', lockoutRequest('endpoint', 'a b')],
      ['half a binding', lockoutRequest('binding', certificate)],
      ['an empty reason', lockoutRequest('asid', '200000000359', { reason: '' })],
      ['a reason with a newline', lockoutRequest('asid', '200000000359', { reason: 'a\nb' })],
      ['a reason of 501 characters', lockoutRequest('asid', '200000000359', { reason: 'x'.repeat(501) })],
      ['no time at all', lockoutRequest('asid', '200000000359', { forSeconds: 0 })],
      ['half a second', lockoutRequest('asid', '200000000359', { forSeconds: 0.5 })],
      ['more than a hundred years', lockoutRequest('asid', '200000000359', { forSeconds: 1e12 })],
    ])('%s is refused, and nothing has changed', async (_, wrong) => {
      const lockouts = await open()
      await expect(lockouts.add(wrong, 'socket:0')).rejects.toThrow(LockoutRefused)
      expect((await reopened()).list()).toEqual([])
    })
  })
}
