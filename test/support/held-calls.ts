import type { ServerResponse } from 'node:http'
import { type FakeProvider, smallBundle } from './fake-provider.ts'
import { until } from './until.ts'

/** Calls that a provider has and does not answer until it is told to. */
export interface HeldCalls {
  readonly count: number
  /** The most there were at a time. */
  readonly most: number
  /** Resolves once there are so many. */
  reach(count: number): Promise<unknown>
  /** Answers so many, one after another, as they come. */
  answer(count: number): Promise<void>
}

const limits = { withinMs: 60_000 }

/** Has the provider hold its calls from now on. */
export function holdCalls(provider: FakeProvider): HeldCalls {
  let held: ServerResponse[] = []
  let most = 0
  provider.answer = (request, response) => {
    request.resume()
    held.push(response)
    most = Math.max(most, held.length)
    // Who hangs up has no call here any more.
    response.once('close', () => {
      held = held.filter((one) => one !== response)
    })
  }
  return {
    get count() {
      return held.length
    },
    get most() {
      return most
    },
    reach: (count) => until(`${count} calls are at the provider`, () => held.length === count, limits),
    async answer(count) {
      for (let left = count; left > 0; left--) {
        const first = await until('a call is at the provider', () => held[0], limits)
        held.shift()
        first.end(smallBundle)
      }
    },
  }
}
