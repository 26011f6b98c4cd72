import { createLockoutMirror } from '../../../src/state/lockout-mirror.ts'
import type { Lockout } from '../../../src/state/lockouts.ts'
import { manualClock } from '../../support/manual-clock.ts'

const one: Lockout = {
  ...{ id: 'a', selector: { kind: 'asid', value: '200000000359' }, effect: 'block', state: 'inForce', author: 'x', reason: 'r' },
  ...{ created: 0, epoch: 2, changed: 0, node: 'n', changedBy: 'x' },
}

test('it finds what is in force by effect, kind and value, and nothing that is only proposed', () => {
  const mirror = createLockoutMirror([one, { ...one, id: 'b', effect: 'slow', selector: { kind: 'partyKey', value: 'P' } }], manualClock())
  expect(mirror.find('asid', '200000000359')?.id).toBe('a')
  expect(mirror.findSlow('asid', '200000000359')).toBeUndefined()
  expect(mirror.findSlow('partyKey', 'P')?.id).toBe('b')
  mirror.take({ ...one, id: 'c', state: 'proposed', selector: { kind: 'asid', value: '1' } })
  expect(mirror.find('asid', '1')).toBeUndefined()
  expect(mirror.size).toBe(2)
})

test('released, it is found no more; an older version that comes late brings it not back', () => {
  const mirror = createLockoutMirror([one], manualClock())
  mirror.take({ ...one, epoch: 3, state: 'released' })
  expect(mirror.find('asid', '200000000359')).toBeUndefined()
  mirror.take({ ...one, epoch: 1 })
  expect(mirror.find('asid', '200000000359')).toBeUndefined()
  expect(mirror.size).toBe(0)
})

test('of two lockouts of one party the other stays when one is released', () => {
  const mirror = createLockoutMirror([one, { ...one, id: 'b' }], manualClock())
  mirror.take({ ...one, epoch: 3, state: 'released' })
  expect(mirror.find('asid', '200000000359')?.id).toBe('b')
})

test('one that has an end is over then', () => {
  const clock = manualClock()
  const mirror = createLockoutMirror([{ ...one, until: clock.now() + 1_000 }], clock)
  expect(mirror.find('asid', '200000000359')?.id).toBe('a')
  clock.pass(1_000)
  expect(mirror.find('asid', '200000000359')).toBeUndefined()
})

test('R7: one that has an end, and was over while the clock was ahead and another came, is in force again when the clock is back', () => {
  const clock = manualClock()
  let ahead = 0
  const mirror = createLockoutMirror([{ ...one, until: clock.now() + 60_000 }], { ...clock, now: () => clock.now() + ahead })
  ahead = 365 * 86_400_000
  mirror.take({ ...one, id: 'b', effect: 'slow' })
  expect(mirror.find('asid', '200000000359')).toBeUndefined()
  ahead = 0
  expect(mirror.find('asid', '200000000359')?.id).toBe('a')
})
