import { HeavyShare } from '../../../src/protection/heavy-share.ts'
import { WaitingFlow } from '../../../src/protection/waiting-flow.ts'

const hog = () => new WaitingFlow<unknown>('hog', 1, 0)
const window = (ratio: number, busy = 6, samples = 1000) => ({ ratio, busy, samples })

/** So many windows in which somebody wanted more than it may have. */
function pressed(share: HeavyShare, flow: WaitingFlow<unknown>, windows: number, ratio: number, consumers = 3) {
  for (let nth = 0; nth < windows; nth++) {
    share.hold(flow)
    share.closed(window(ratio), consumers)
  }
}

test('it begins where it is told, and follows what is usual of all together', () => {
  const share = new HeavyShare(8)
  expect([share.usual, share.most]).toEqual([8, 8])
  share.closed(window(1, 20), 3)
  expect([share.usual, share.most]).toEqual([40, 40])
})

test('answers take longer than before: whoever wants more gives way, down to an even share', () => {
  const share = new HeavyShare(8)
  for (let nth = 0; nth < 5; nth++) share.closed(window(1), 3)
  const flow = hog()
  pressed(share, flow, 1, 1.5)
  expect(share.most).toBe(8)
  pressed(share, flow, 20, 1.5)
  expect(share.most).toBe(2)
  expect(flow.heavy).toBe(true)
})

test('others that happen to have no call under way when a window closes are there all the same: an even share is half of what is busy, at most', () => {
  const share = new HeavyShare(8)
  for (let nth = 0; nth < 5; nth++) share.closed(window(1), 1)
  pressed(share, hog(), 20, 1.5, 1)
  expect(share.most).toBe(3)
})

test('nobody is disturbed: it takes what is left over', () => {
  const share = new HeavyShare(8)
  for (let nth = 0; nth < 5; nth++) share.closed(window(1), 3)
  pressed(share, hog(), 30, 1.02)
  expect(share.most).toBeGreaterThan(40)
})

test('who wants no more is not heavy any longer, and the next one begins anew', () => {
  const share = new HeavyShare(8)
  share.closed(window(1), 3)
  const flow = hog()
  pressed(share, flow, 20, 1.5)
  share.closed(window(1), 3)
  share.closed(window(1), 3)
  expect(flow.heavy).toBe(false)
  expect(share.most).toBe(12)
})

test('a heavy consumer that was there from the beginning does not pass for what is normal', () => {
  const share = new HeavyShare(8)
  const flow = hog()
  pressed(share, flow, 1, 3)
  expect(share.most).toBe(2)
  // Without its load answers take a third.
  pressed(share, flow, 2, 1)
  pressed(share, flow, 6, 1)
  expect(share.most).toBeGreaterThan(3)
  pressed(share, flow, 20, 3)
  expect(share.most).toBe(2)
})

test('a provider that becomes slower by itself is learned anew while the heavy ones rest, and they get more again', () => {
  const share = new HeavyShare(8)
  for (let nth = 0; nth < 5; nth++) share.closed(window(1), 3)
  const flow = hog()
  pressed(share, flow, 10, 2)
  expect(share.most).toBe(2)
  pressed(share, flow, 60, 2)
  expect(share.most).toBeGreaterThan(4)
})

test('what differs by chance in a window of few samples is no sign', () => {
  const share = new HeavyShare(8)
  for (let nth = 0; nth < 5; nth++) share.closed(window(1), 3)
  const flow = hog()
  for (let nth = 0; nth < 10; nth++) {
    share.hold(flow)
    share.closed(window(1.3, 6, 10), 3)
  }
  expect(share.most).toBeGreaterThanOrEqual(8)
})
