/** Time that passes as fast as its events are worked off. Its clock is the one that policies take; real timers of the code under simulation run on it too. */
export interface VirtualTime {
  /** Monotonic ms since the beginning. */
  readonly now: number
  /** Events so far. */
  readonly events: number
  /** Does it then; what is due at once comes in the order in which it was asked for. */
  at(time: number, act: () => void): void
  after(milliseconds: number, act: () => void): void
  /** Works off what is due until then. What events have promised is settled before the next one. */
  run(until: number): Promise<void>
  /** Leaps over time in which nothing is looked at: what is due in it comes at its end. */
  leap(to: number): void
  /** Puts `setTimeout` and `setInterval` of this process on this time until the function that is given back is called. */
  takeTimers(): () => void
}

interface Due {
  readonly time: number
  readonly order: number
  readonly act: () => void
}

/** Begins at 0. `turns`: so many turns of promises follow one another at most after an event of what is simulated. */
export function virtualTime(turns = 4): VirtualTime {
  const heap: Due[] = []
  let now = 0
  let order = 0
  let events = 0

  function at(time: number, act: () => void): void {
    const due = { time: Math.max(time, now), order: order++, act }
    let place = heap.length
    heap.push(due)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isSooner(due, heap[parent] as Due)) break
      heap[place] = heap[parent] as Due
      place = parent
    }
    heap[place] = due
  }

  function takeFirst(): Due {
    const first = heap[0] as Due
    const last = heap.pop() as Due
    if (heap.length === 0) return first
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isSooner(heap[child + 1] as Due, heap[child] as Due)) child++
      if (!isSooner(heap[child] as Due, last)) break
      heap[place] = heap[child] as Due
      place = child
    }
    heap[place] = last
    return first
  }

  function timer(act: () => void, milliseconds: number, again: boolean): VirtualTimer {
    const made = new VirtualTimer()
    const fire = (): void => {
      if (made.cleared) return
      if (again) at(now + milliseconds, fire)
      act()
    }
    at(now + milliseconds, fire)
    return made
  }

  return {
    get now() {
      return now
    },
    get events() {
      return events
    },
    at,
    after: (milliseconds, act) => at(now + milliseconds, act),
    async run(until) {
      while (heap.length > 0 && (heap[0] as Due).time <= until) {
        const due = takeFirst()
        now = Math.max(now, due.time)
        events++
        due.act()
        for (let turn = 0; turn < turns; turn++) await undefined
      }
      now = Math.max(now, until)
    },
    leap: (to) => {
      now = Math.max(now, to)
    },
    takeTimers() {
      const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
      const clear = (one: unknown): void => {
        if (one instanceof VirtualTimer) one.cleared = true
      }
      Object.assign(globalThis, {
        setTimeout: (act: () => void, milliseconds = 0) => timer(act, milliseconds, false),
        setInterval: (act: () => void, milliseconds = 1) => timer(act, milliseconds, true),
        clearTimeout: clear,
        clearInterval: clear,
      })
      return () => void Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval })
    },
  }
}

/** What stands in the place of a timer of Node. */
class VirtualTimer {
  cleared = false

  unref(): this {
    return this
  }

  ref(): this {
    return this
  }
}

function isSooner(one: Due, other: Due): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}
