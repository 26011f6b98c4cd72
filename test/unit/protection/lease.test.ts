import fc from 'fast-check'
import {
  idleAsk,
  type Lease,
  type LeaseAsk,
  leftOf,
  mayUse,
  newLease,
  nextAsk,
  takeGrant,
  takeNoGrant,
  useLease,
} from '../../../src/protection/lease.ts'
import { type Rate, rateOf } from '../../../src/protection/party-limit.ts'

/** One request at a node: whether it passed, and what the node then asks. */
function request(lease: Lease, rate: Rate, nodes: number, due: number, now: number): { passed: boolean; ask: LeaseAsk | undefined } {
  const passed = mayUse(lease, rate, nodes, now)
  if (passed) useLease(lease, now)
  lease.offered++
  return { passed, ask: nextAsk(lease, rate, nodes, due, now) }
}

test('the first request of a small limit passes on credit, and the asking tells of it', () => {
  const lease = newLease()
  const rate = rateOf(10, 20)
  const first = request(lease, rate, 3, 0, 1_000)
  expect(first).toMatchObject({ passed: true, ask: { debt: 1, among: 3, known: 0, insist: false } })
  expect(request(lease, rate, 3, 0, 1_000)).toEqual({ passed: false, ask: undefined })
  expect(takeGrant(lease, first.ask as LeaseAsk, { granted: 2, first: -1_900, ahead: 300 }, 1_001)).toBe(1_301)
  expect([1, 2, 3].map(() => request(lease, rate, 3, 0, 1_002).passed)).toEqual([true, true, true])
  expect(request(lease, rate, 3, 0, 1_003).passed).toBe(false)
})

test('cells conform one after another, not before their time', () => {
  const lease = newLease()
  const rate = rateOf(10, 1)
  const { ask } = request(lease, rate, 1, 0, 0)
  takeGrant(lease, ask as LeaseAsk, { granted: 3, first: 100, ahead: 400 }, 0)
  const passedAt = Array.from({ length: 40 }, (_, at) => at * 10).filter((now) => {
    const passed = mayUse({ ...lease, creditFrom: Number.POSITIVE_INFINITY }, rate, 1, now)
    if (passed) useLease(lease, now)
    return passed
  })
  expect(passedAt).toEqual([100, 200, 300])
  expect(leftOf(lease)).toBe(0)
})

test('a node that is not answered overdraws nothing, and tells its debt again', () => {
  const lease = newLease()
  const rate = rateOf(10, 20)
  request(lease, rate, 3, 0, 0)
  takeNoGrant(lease)
  expect(request(lease, rate, 3, 0, 500)).toEqual({ passed: false, ask: undefined })
  expect(request(lease, rate, 3, 0, 1_000)).toMatchObject({ passed: false, ask: { debt: 1 } })
})

/** The bucket that all share, as Redis keeps it. */
function bucket(rate: Rate) {
  let due = 0
  return (ask: LeaseAsk, now: number) => {
    due = Math.min(due, now + ask.furthest)
    due = Math.max(due - ask.returned * rate.interval, now) + ask.debt * rate.interval
    const ahead = due - now
    const there = Math.max(0, Math.floor((rate.tolerance - ahead) / rate.interval + 1e-6))
    const reach = Math.max(0, Math.floor((rate.tolerance + ask.horizon - ahead) / rate.interval + 1e-6))
    const want = ask.among > 0 ? Math.max(ask.want, Math.floor((there + ask.left) / ask.among) - ask.left) : ask.want
    const granted = Math.min(want, reach)
    due += granted * rate.interval
    return { granted, first: ahead + rate.interval - rate.tolerance, ahead: due - now }
  }
}

test('of any limit, any load and any delay of answers: no more than the bucket and the credit, and the operations are few', () => {
  const loads = fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 5 })
  const anyLimit = fc.record({ perSecond: fc.integer({ min: 1, max: 500 }), burst: fc.integer({ min: 1, max: 500 }) })
  fc.assert(
    fc.property(anyLimit, loads, fc.integer({ min: 0, max: 30 }), ({ perSecond, burst }, load, delay) => {
      const rate = rateOf(perSecond, burst)
      const lend = bucket(rate)
      const nodes = load.map((offered) => ({ lease: newLease(), due: 0, offered, sent: 0, ops: 0 }))
      const answers: { at: number; give: () => void }[] = []
      let passed = 0
      const seconds = 4
      for (let now = 0; now < seconds * 1_000; now += 2) {
        for (const answer of answers.splice(0)) {
          if (answer.at > now) answers.push(answer)
          else answer.give()
        }
        for (const node of nodes) {
          for (; node.sent < (node.offered * now) / 1_000; node.sent++) {
            const { passed: through, ask } = request(node.lease, rate, nodes.length, node.due, now)
            if (through) passed++
            if (ask === undefined) continue
            node.ops++
            const grant = lend(ask, now)
            const give = () => {
              node.due = takeGrant(node.lease, ask, { ...grant, first: grant.first, ahead: grant.ahead }, now + delay)
            }
            answers.push({ at: now + delay, give })
          }
        }
      }
      const credit = perSecond < 100 ? nodes.length : Math.max(nodes.length, Math.min(burst, perSecond) * 0.03)
      expect(passed).toBeLessThanOrEqual(burst + perSecond * seconds + credit + 1)
      for (const node of nodes) {
        if (perSecond >= 100) expect(node.ops * 20).toBeLessThanOrEqual(node.sent + 20 * (2 + seconds / 2))
        else expect(node.ops).toBeLessThanOrEqual(seconds)
      }
    }),
    { numRuns: 80 },
  )
})

test('of very many nodes one gets more than its even part: a party comes to few of them', () => {
  const lease = newLease()
  const { ask } = request(lease, rateOf(50, 100), 300, 0, 0)
  expect(ask?.among).toBe(8)
})

test('after a pause in which its cells went back, the next request may ask at once', () => {
  for (const rate of [rateOf(50, 100), rateOf(200, 400)]) {
    const lease = newLease()
    const first = request(lease, rate, 3, 0, 0)
    takeGrant(lease, first.ask as LeaseAsk, { granted: 10, first: -1_000, ahead: 0 }, 1)
    const back = idleAsk(lease, rate, 3, 0, 2_500)
    expect(back).toMatchObject({ returned: 10, want: 0 })
    takeGrant(lease, back as LeaseAsk, { granted: 0, first: 0, ahead: 0 }, 2_501)
    expect(request(lease, rate, 3, 0, 2_600)).toMatchObject({ passed: true, ask: { debt: 1 } })
  }
})
