import fc from 'fast-check'
import { createAllowances, type Holding, type Taking, type Want } from '../../../src/protection/allowances.ts'
import { ownBuckets } from '../../../src/protection/leasing.ts'
import { createLentQuotas } from '../../../src/protection/lent-quotas.ts'
import { MachineQuotas, type QuotaNotices } from '../../../src/protection/machine-quotas.ts'
import type { HeldQuota, Quota, QuotaNotice } from '../../../src/protection/quota.ts'

/** To the process that lends: a worker lacks some, or says what it holds. */
type ToControl = { readonly quota: Quota; readonly need: number } | { readonly gave: HeldQuota }

/** What differs from two hands full of parties on a machine that is alone. */
interface MachineOptions {
  readonly most?: number
  readonly machines?: number
  readonly remembered?: number
}

/** Workers of one machine, whose calls and messages a test moves one by one. */
function machine(count: number, limit: Want['limit'], { most, machines = 1, remembered = 1_000 }: MachineOptions = {}) {
  const control = new MachineQuotas(count, most)
  const state = { now: 0, reachable: true }
  const begin = (nth: number) => {
    const toControl: ToControl[] = []
    const turnEnds: (() => void)[] = []
    const line = {
      get reachable() {
        return state.reachable
      },
      borrow: (quota: Quota, need: number) => void toControl.push({ quota, need }),
    }
    const quotas = createLentQuotas({ nth, among: count, machines: () => machines }, line, (act) => turnEnds.push(act))
    const allowances = createAllowances(() => state.now, ownBuckets, remembered, quotas)
    const [toWorker, calls]: [QuotaNotice[], { holding: Holding; bytes: number }[]] = [[], []]
    return { alive: true, allowances, quotas, turnEnds, toControl, toWorker, calls, questions: 0 }
  }
  const workers = Array.from({ length: count }, (_, nth) => begin(nth))
  const at = (nth: number) => workers[nth] as (typeof workers)[number]
  const tell = (notices: QuotaNotices): void => {
    for (const [nth, notice] of notices) at(nth).toWorker.push(notice)
  }
  const steps = {
    call(nth: number, bytes = 0, party = 'one'): Taking | undefined {
      const { alive, allowances, calls } = at(nth)
      if (!alive) return undefined
      const taking = allowances.take([{ dimension: 'system', party, limit, observe: false }], bytes)
      if (taking.taken) calls.push({ holding: taking.holding, bytes })
      return taking
    },
    end(nth: number, count = 1) {
      for (const { holding } of at(nth).calls.splice(0, count)) holding.release()
    },
    hear(nth: number) {
      for (const act of at(nth).turnEnds.splice(0)) act()
      const message = at(nth).toControl.shift()
      if (message === undefined) return
      if ('need' in message) at(nth).questions++
      tell('gave' in message ? control.gave(nth, message.gave) : control.borrow(nth, message.quota, message.need))
    },
    take(nth: number) {
      const { quotas, toWorker, toControl } = at(nth)
      const notice = toWorker.shift()
      if (notice === undefined) return
      if ('holds' in notice) quotas.take(notice.holds, state.now)
      else toControl.push({ gave: quotas.giveUp(notice.recall) })
    },
    level: () => tell(control.level()),
    /** A worker ends, its calls with it, and another begins. */
    kill(nth: number) {
      tell(control.lost(nth))
      workers[nth] = begin(nth)
      for (const held of control.began(nth)) at(nth).quotas.take(held, state.now)
    },
  }
  /** Delivers all that is on its way. */
  const settle = (): void => {
    while (workers.some(({ turnEnds, toControl, toWorker }) => turnEnds.length + toControl.length + toWorker.length > 0))
      workers.forEach((_, nth) => {
        steps.hear(nth)
        steps.take(nth)
      })
  }
  /** Calls again as an exchange does, as long as an answer is on its way. */
  const callAndWait = async (nth: number, bytes = 0, party = 'one'): Promise<boolean> => {
    for (;;) {
      const taking = steps.call(nth, bytes, party)
      if (taking === undefined || taking.taken) return taking?.taken === true
      if (taking.settles === undefined) return false
      settle()
      await taking.settles
    }
  }
  /** So many of a worker's calls end, and so long ago that others are asked again. */
  const endAndRest = (nth: number, count = 1): void => {
    steps.end(nth, count)
    state.now += 60
  }
  return {
    ...{ state, control, steps, settle, callAndWait, endAndRest },
    parties: () => workers.map(({ allowances }) => allowances.parties),
    questions: (nth: number) => at(nth).questions,
    calls: () => workers.reduce((sum, { calls }) => sum + calls.length, 0),
    bytes: () => workers.reduce((sum, { calls }) => sum + calls.reduce((all, { bytes }) => all + bytes, 0), 0),
  }
}

async function times(count: number, act: () => Promise<boolean>): Promise<number> {
  let passed = 0
  for (let nth = 0; nth < count; nth++) if (await act()) passed++
  return passed
}

test('a worker that has all the calls of a party has its whole quota; when they end another has it', async () => {
  const { callAndWait, endAndRest, calls } = machine(2, { concurrent: 200 })
  expect(await times(250, () => callAndWait(0))).toBe(200)
  expect(await callAndWait(1)).toBe(false)
  endAndRest(0, 200)
  expect([await times(250, () => callAndWait(1)), calls()]).toEqual([200, 200])
})

test('calls that lack some at once are asked for together, and each has it with the first answer', async () => {
  for (const [limit, bytes] of [
    [{ concurrent: 200 }, 0],
    [{ bytes: 1_000 }, 5],
  ] as const) {
    const { steps, settle, questions } = machine(2, limit)
    const first = Array.from({ length: 200 }, () => steps.call(0, bytes))
    expect(first.filter((taking) => taking?.taken)).toHaveLength(100)
    settle()
    await Promise.all(first.map((taking) => (taking?.taken === false ? taking.settles : undefined)))
    for (let waiting = 100; waiting > 0; waiting--) expect(steps.call(0, bytes)).toMatchObject({ taken: true })
    expect(questions(0)).toBe(1)
  }
})

test('a quota smaller than the number of workers is that of all together, whichever has the calls', async () => {
  const { callAndWait, endAndRest } = machine(3, { concurrent: 1 })
  for (const nth of [2, 0, 1, 1, 2]) {
    expect(await times(3, () => callAndWait(nth))).toBe(1)
    for (const other of [0, 1, 2]) expect(await callAndWait(other)).toBe(false)
    endAndRest(nth)
  }
})

test('bytes: the whole quota at one worker; a call alone on the machine may have more, one beside a call of another worker may not', async () => {
  const { callAndWait, endAndRest, bytes } = machine(2, { bytes: 1_000 })
  expect(await times(12, () => callAndWait(0, 100))).toBe(10)
  expect([await callAndWait(1, 1), bytes()]).toEqual([false, 1_000])
  endAndRest(0, 10)
  expect(await callAndWait(1, 5_000)).toBe(true)
  expect(await callAndWait(0, 1)).toBe(false)
  endAndRest(1)
  expect([await callAndWait(0, 1), await callAndWait(1, 5_000)]).toEqual([true, false])
})

test('within its even part a worker asks nobody; where nobody has any it asks no more for a while, and refuses at once', async () => {
  const { state, steps, callAndWait, control } = machine(2, { concurrent: 8 })
  for (const nth of [0, 1]) for (let call = 0; call < 4; call++) expect(steps.call(nth)).toMatchObject({ taken: true })
  expect(control.size).toBe(0)
  expect(await callAndWait(0)).toBe(false)
  expect(steps.call(0)).toEqual({ taken: false, over: expect.objectContaining({ quota: 8, remaining: 0 }) })
  state.now += 50
  expect(steps.call(0)).toMatchObject({ taken: false, settles: expect.any(Promise) })
})

test('without the process that lends each goes on with what it holds, and waits for nobody', () => {
  const { state, steps } = machine(2, { concurrent: 8, bytes: 1_000 })
  state.reachable = false
  for (let call = 0; call < 4; call++) expect(steps.call(0)).toMatchObject({ taken: true })
  expect(steps.call(0)).toEqual({ taken: false, over: expect.anything() })
  // Alone in its worker, as far as that knows.
  expect(steps.call(1, 5_000)).toMatchObject({ taken: true })
})

test('with other machines the workers share the part of theirs', async () => {
  const { callAndWait } = machine(2, { concurrent: 90 }, { machines: 3 })
  expect(await times(100, () => callAndWait(0))).toBe(30)
})

test('what nobody lacks any more becomes even again and is forgotten; nothing is kept of more quotas than may be', async () => {
  const { callAndWait, steps, settle, control } = machine(2, { concurrent: 8 }, { most: 2 })
  for (const party of ['one', 'two', 'three']) expect(await times(10, () => callAndWait(0, 0, party))).toBe(party === 'three' ? 4 : 8)
  expect(control.size).toBe(2)
  for (let nth = 0; nth < 20; nth++) steps.end(0)
  for (let nth = 0; nth < 4; nth++) {
    steps.level()
    settle()
  }
  expect(control.size).toBe(0)
  for (let call = 0; call < 4; call++) expect(steps.call(1)).toMatchObject({ taken: true })
})

test('a party that was told that nobody has any is forgotten like any other, so that many of them do not keep new ones out', async () => {
  const { state, steps, callAndWait, settle, parties } = machine(2, { concurrent: 2 }, { remembered: 10 })
  for (let nth = 0; nth < 40; nth++) {
    const party = `party ${nth}`
    // With no room left it would have one place with others.
    expect(await callAndWait(1, 0, party)).toBe(true)
    expect(await times(2, () => callAndWait(0, 0, party))).toBe(1)
    for (const nth of [0, 1]) steps.end(nth)
    state.now += 60
    expect(await times(3, () => callAndWait(0, 0, party))).toBe(2)
    steps.end(0, 2)
    expect(await callAndWait(1, 0, party)).toBe(true)
    expect(await times(2, () => callAndWait(0, 0, party))).toBe(1)
    for (const nth of [0, 1]) steps.end(nth)
    for (let level = 0; level < 4; level++) {
      steps.level()
      settle()
    }
    state.now += 60
  }
  expect(parties()).toEqual([10, 10])
})

const worker = fc.nat({ max: 2 })
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('call', 'end', 'hear', 'take'), nth: worker, bytes: fc.nat({ max: 300 }) }),
  fc.record({ do: fc.constantFrom('call', 'hear', 'take'), nth: worker, bytes: fc.nat({ max: 300 }) }),
  fc.record({ do: fc.constantFrom('level', 'kill', 'rest'), nth: worker, bytes: fc.constant(0) }),
)

test('whatever is called, ends, dies and is late: never more than the quota; when all is told nobody is refused what is free', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 150 }), async (quota, todo) => {
      const { state, steps, settle, callAndWait, calls } = machine(3, { concurrent: quota })
      for (const { do: what, nth } of todo) {
        if (what === 'rest') state.now += 60
        else steps[what](nth)
        expect(calls()).toBeLessThanOrEqual(quota)
      }
      settle()
      state.now += 60
      for (const nth of [0, 1, 2]) while (await callAndWait(nth)) expect(calls()).toBeLessThanOrEqual(quota)
      expect(calls()).toBe(quota)
    }),
    { numRuns: 400 },
  )
})

test('bytes too: a call passes within the quota of the machine, or where no other has any of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (todo) => {
      const { state, steps, bytes } = machine(3, { bytes: 250 })
      for (const { do: what, nth, bytes: of } of todo) {
        const before = bytes()
        if (what === 'rest') state.now += 60
        else if (what === 'call') {
          if (steps.call(nth, of)?.taken === true && of > 0 && before > 0) expect(bytes()).toBeLessThanOrEqual(250)
        } else steps[what](nth)
      }
    }),
    { numRuns: 400 },
  )
})
