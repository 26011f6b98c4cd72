import fc from 'fast-check'
import { FairQueue, type QueueRules } from '../../../src/protection/fair-queue.ts'
import type { Places } from '../../../src/protection/places.ts'
import type { CallRank, WaitingCall } from '../../../src/protection/waiting-flow.ts'

const rules = (more: Partial<QueueRules> & { weights?: Record<string, number>; guarantees?: Record<string, number> } = {}): QueueRules => ({
  length: 1000,
  patienceMs: 2000,
  weightOf: (consumer) => more.weights?.[consumer] ?? 1,
  guaranteeOf: (consumer) => more.guarantees?.[consumer] ?? 0,
  ...more,
})
const roomy: Places = { limit: 10_000, mostOfOne: 10_000, mostOfHeavy: 10_000 }

function add(queue: FairQueue<string>, consumer: string, rank: CallRank = 1, places = roomy, now = 0) {
  return queue.add(queue.flowOf(consumer), rank, `${consumer}${rank}`, now, places)
}

/** Takes so many, each ending at once. */
function serve(queue: FairQueue<string>, count: number, places = roomy): string[] {
  const served: string[] = []
  for (let nth = 0; nth < count; nth++) {
    const call = queue.take(places)
    if (call === undefined) break
    served.push(call.item)
    queue.end(call.flow, places)
  }
  return served
}

test('a consumer with a hundred calls and one with a single call take turns', () => {
  const queue = new FairQueue<string>(rules())
  for (let nth = 0; nth < 100; nth++) add(queue, 'hog')
  add(queue, 'small')
  expect(serve(queue, 3)).toEqual(['hog1', 'small1', 'hog1'])
})

test('a booking comes before the bulk reads of the same round, its own and those of others, but buys no larger share', () => {
  const queue = new FairQueue<string>(rules())
  for (let nth = 0; nth < 5; nth++) for (const consumer of ['a', 'b']) add(queue, consumer, 2)
  add(queue, 'b', 0)
  add(queue, 'c', 0)
  for (let nth = 0; nth < 5; nth++) add(queue, 'd', 0)
  expect(serve(queue, 8)).toEqual(['b0', 'c0', 'd0', 'a2', 'd0', 'b2', 'a2', 'd0'])
})

test('long-run shares follow the weights while all have calls waiting', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }), (weights) => {
      const names = weights.map((_, at) => `c${at}`)
      const queue = new FairQueue<string>(
        rules({ length: 100_000, weights: Object.fromEntries(names.map((name, at) => [name, weights[at] ?? 1])) }),
      )
      const rounds = 20
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [at, name] of names.entries()) for (let nth = 0; nth < (weights[at] ?? 1) * (rounds + 2); nth++) add(queue, name)
      const served = serve(queue, total * rounds)
      for (const [at, name] of names.entries()) {
        expect(served.filter((one) => one.startsWith(name)).length).toBe((weights[at] ?? 1) * rounds)
      }
    }),
  )
})

test('whoever waits is served before anybody else has had two rounds of its share, however calls come', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(7), fc.nat(2)), { minLength: 1, maxLength: 200 }), fc.nat(2), (hogs, rank) => {
      const queue = new FairQueue<string>(rules())
      for (const [hog, hogRank] of hogs) add(queue, `hog${hog} `, hogRank as CallRank)
      add(queue, 'small', rank as CallRank)
      const served: string[] = []
      for (let nth = 0; !served.includes(`small${rank}`); nth++) {
        served.push(...serve(queue, 1))
        // The hogs go on as fast as they are served.
        add(queue, `hog${nth % 8} `, 0)
      }
      const counts = new Map<string, number>()
      for (const item of served) counts.set(item.split(' ')[0] ?? '', (counts.get(item.split(' ')[0] ?? '') ?? 0) + 1)
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(2)
    }),
  )
})

test('coming one call at a time, each as soon as the one before is let through, gains nothing over queueing', () => {
  const queue = new FairQueue<string>(rules())
  for (const consumer of ['a', 'b', 'c', 'd']) for (let nth = 0; nth < 50; nth++) add(queue, consumer)
  let sly = 0
  add(queue, 'sly')
  for (let nth = 0; nth < 100; nth++) {
    const [item] = serve(queue, 1)
    if (item !== 'sly1') continue
    sly++
    add(queue, 'sly', 0)
  }
  expect(sly).toBeLessThanOrEqual(26)
})

test('a guaranteed share is held: below it, its calls come first; above it, it takes turns like the others', () => {
  const queue = new FairQueue<string>(rules({ guarantees: { g: 0.25 } }))
  const places: Places = { limit: 8, mostOfOne: 8, mostOfHeavy: 8 }
  for (let nth = 0; nth < 6; nth++) for (const consumer of ['a', 'b', 'g']) add(queue, consumer, 1, places)
  const order = Array.from({ length: 8 }, () => queue.take(places)?.flow.consumer)
  expect(order.slice(0, 2)).toEqual(['g', 'g'])
  expect(order.filter((consumer) => consumer === 'g').length).toBeGreaterThanOrEqual(2)
  expect(order.filter((consumer) => consumer === 'a').length).toBeGreaterThanOrEqual(2)
})

test('nobody holds more than the most that one may, and whoever is kept for that does not keep the others', () => {
  const queue = new FairQueue<string>(rules())
  const places: Places = { limit: 8, mostOfOne: 4, mostOfHeavy: 4 }
  for (let nth = 0; nth < 20; nth++) add(queue, 'hog', 1, places)
  const taken = Array.from({ length: 8 }, () => queue.take(places)).filter((one) => one !== undefined)
  expect(taken).toHaveLength(4)
  add(queue, 'small', 2, places)
  expect(queue.take(places)?.item).toBe('small2')
  queue.end(taken[0]?.flow as never, places)
  expect(queue.take(places)?.flow.consumer).toBe('hog')
})

test('one consumer fills half of the queue at most, two a third each, and a newcomer always finds room', () => {
  const queue = new FairQueue<string>(rules({ length: 90 }))
  const fill = (consumer: string) => {
    let count = 0
    while (add(queue, consumer) !== undefined) count++
    return count
  }
  expect(fill('a')).toBe(45)
  expect(fill('b')).toBe(23)
  for (let nth = 0; nth < 15; nth++) expect(add(queue, `newcomer${nth}`)).toBeDefined()
})

test('a call whose time is up, or whose caller hung up, leaves and is never served', () => {
  const queue = new FairQueue<string>(rules())
  add(queue, 'a', 1, roomy, 0)
  const gone = add(queue, 'b', 1, roomy, 500) as WaitingCall<string>
  add(queue, 'c', 1, roomy, 1000)
  expect(queue.expire(1999, roomy)).toBeUndefined()
  expect(queue.expire(2000, roomy)?.item).toBe('a1')
  expect(queue.expire(2000, roomy)).toBeUndefined()
  expect(queue.cancel(gone, roomy)).toBe(true)
  expect(queue.cancel(gone, roomy)).toBe(false)
  expect(serve(queue, 5)).toEqual(['c1'])
  expect(queue.waiting).toBe(0)
})

test('memory is bounded whatever the number of identities seen', () => {
  const queue = new FairQueue<string>(rules({ length: 50 }))
  let most = 0
  for (let nth = 0; nth < 1_000_000; nth++) {
    const flow = queue.flowOf(`id${nth}`)
    if (nth % 3 === 0) queue.add(flow, 1, 'x', 0, roomy)
    else {
      queue.begin(flow)
      queue.end(flow, roomy)
    }
    if (nth % 50 === 0) serve(queue, 10)
    most = Math.max(most, queue.consumers)
  }
  expect(most).toBeLessThan(1000)
})

type Step =
  | { readonly type: 'add'; readonly consumer: number; readonly rank: number }
  | { readonly type: 'begin'; readonly consumer: number }
  | { readonly type: 'end' | 'cancel' | 'expire'; readonly nth: number }
  | { readonly type: 'limit'; readonly limit: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('add' as const), consumer: fc.nat(5), rank: fc.nat(2) }),
  fc.record({ type: fc.constant('begin' as const), consumer: fc.nat(5) }),
  fc.record({ type: fc.constantFrom('end' as const, 'end' as const, 'cancel' as const, 'expire' as const), nth: fc.nat(20) }),
  fc.record({ type: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }) }),
)

test('the accounts are never wrong and no call that could begin is left waiting, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new FairQueue<string>(rules({ length: 20, weights: { c1: 3 }, guarantees: { c0: 0.3 } }))
      let places: Places = { limit: 6, mostOfOne: 3, mostOfHeavy: 3 }
      let now = 0
      const waiting = new Set<WaitingCall<string>>()
      const running: WaitingCall<string>['flow'][] = []
      const pump = () => {
        while (running.length < places.limit) {
          const call = queue.take(places)
          if (call === undefined) break
          expect(waiting.delete(call)).toBe(true)
          running.push(call.flow)
        }
      }
      for (const one of steps) {
        now += 100
        if (one.type === 'add') {
          const call = queue.add(queue.flowOf(`c${one.consumer}`), one.rank as CallRank, 'x', now, places)
          if (call !== undefined) waiting.add(call)
        } else if (one.type === 'begin') {
          const flow = queue.flowOf(`c${one.consumer}`)
          if (running.length < places.limit && queue.mayBegin(flow, places)) {
            queue.begin(flow)
            running.push(flow)
          }
        } else if (one.type === 'end') {
          const [flow] = running.splice(one.nth % Math.max(1, running.length), 1)
          if (flow !== undefined) queue.end(flow, places)
        } else if (one.type === 'cancel') {
          const call = [...waiting][one.nth % Math.max(1, waiting.size)]
          if (call !== undefined) {
            queue.cancel(call, places)
            waiting.delete(call)
          }
        } else if (one.type === 'expire') {
          const call = queue.expire(now, places)
          if (call !== undefined) expect(waiting.delete(call)).toBe(true)
        } else if (one.type === 'limit')
          places = { limit: one.limit, mostOfOne: Math.max(1, one.limit >> 1), mostOfHeavy: Math.max(1, one.limit >> 2) }
        pump()
        expect(queue.waiting).toBe(waiting.size)
        const flows = new Set([...running, ...[...waiting].map(({ flow }) => flow)])
        for (const flow of flows) {
          expect(flow.inFlight).toBe(running.filter((other) => other === flow).length)
          expect(flow.waiting).toBe([...waiting].filter((call) => call.flow === flow).length)
          // Room, and yet it waits: then it has had all that it might have when its last call began or ended.
          if (flow.waiting > 0 && running.length < places.limit) expect(flow.inFlight).toBeGreaterThanOrEqual(1)
        }
      }
    }),
    { numRuns: 300 },
  )
})
