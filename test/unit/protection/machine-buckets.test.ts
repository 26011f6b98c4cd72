import type { LeaseAsk } from '../../../src/protection/lease.ts'
import { createMachineBuckets } from '../../../src/protection/machine-buckets.ts'

/** Ten a second, five at once. */
const asked: LeaseAsk & { readonly bucket: string } = {
  ...{ bucket: 'system:1', interval: 100, tolerance: 500, debt: 0, returned: 0, want: 3, left: 0, among: 0 },
  ...{ horizon: 250, known: 0, insist: false, furthest: 10_000 },
}

test('what is granted to all together is what one bucket holds, and comes back with time', () => {
  let now = 1_000
  const buckets = createMachineBuckets(() => now)
  const first = buckets.lease([asked, { ...asked, want: 100 }])
  // Five are there, and two more conform within the horizon.
  expect(first.map(({ granted }) => granted)).toEqual([3, 4])
  expect(buckets.lease([asked])[0]?.granted).toBe(0)
  now += 100
  expect(buckets.lease([asked])[0]?.granted).toBe(1)
  now += 10_000
  expect(buckets.lease([{ ...asked, want: 100 }])[0]?.granted).toBe(7)
})

test('cells have the time from which they conform: none is earlier than the bucket allows', () => {
  const buckets = createMachineBuckets(() => 0)
  expect(buckets.lease([{ ...asked, want: 5 }])[0]).toMatchObject({ granted: 5, first: -400, ahead: 500 })
  expect(buckets.lease([{ ...asked, want: 1 }])[0]).toMatchObject({ granted: 1, first: 100 })
})

test('what was passed on credit is taken, and what is given back can be had again', () => {
  const buckets = createMachineBuckets(() => 0)
  expect(buckets.lease([{ ...asked, debt: 2, want: 100, horizon: 0 }])[0]?.granted).toBe(3)
  expect(buckets.lease([{ ...asked, returned: 2, want: 0 }])[0]?.granted).toBe(0)
  expect(buckets.lease([{ ...asked, want: 100, horizon: 0 }])[0]?.granted).toBe(2)
})

test('a part of what is there goes to each of several workers, so that one cannot take all', () => {
  const buckets = createMachineBuckets(() => 0)
  expect(buckets.lease([{ ...asked, tolerance: 1_000, want: 1, among: 2 }])[0]?.granted).toBe(5)
})

test('a bucket that is not there counts what the worker knows of it; buckets of different parties have nothing to do with each other', () => {
  const buckets = createMachineBuckets(() => 0)
  expect(buckets.lease([{ ...asked, known: 400, want: 100, horizon: 0 }])[0]?.granted).toBe(1)
  expect(buckets.lease([{ ...asked, bucket: 'system:2', want: 100, horizon: 0 }])[0]?.granted).toBe(5)
})

test('an attacker who is many parties makes it forget and not grow', () => {
  const buckets = createMachineBuckets(() => 0, 10)
  for (let nth = 0; nth < 1_000; nth++) buckets.lease([{ ...asked, bucket: `system:${nth}` }])
  expect(buckets.lease([{ ...asked, bucket: 'system:0', want: 100, horizon: 0 }])[0]?.granted).toBe(5)
  expect(buckets.lease([{ ...asked, bucket: 'system:999', want: 100, horizon: 0 }])[0]?.granted).toBe(2)
})
