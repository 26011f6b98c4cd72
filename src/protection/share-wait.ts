import { settledWithin } from '../lib/deadline.ts'

/**
 * The longest that a call waits for a share of its limits, in ms, rather than be refused too early. Whoever is asked answers within milliseconds, or
 * has been given up long before; a second is for one that is held up, as machines are.
 */
const longestShareWaitMs = 1_000

/**
 * A share of a limit was about to arrive: asked again each time that one is here, until all has been waited for long enough. `settles` gives what an answer still
 * waits for, and nothing of one that counts; `now` is monotonic, in ms.
 */
export async function askedAsSharesArrive<Answer>(
  first: Answer,
  settles: (answer: Answer) => Promise<void> | undefined,
  ask: () => Answer,
  now: () => number,
): Promise<Answer> {
  const until = now() + longestShareWaitMs
  let answer = first
  for (let awaited = settles(answer); awaited !== undefined; awaited = settles(answer)) {
    const left = until - now()
    if (left <= 0) break
    await settledWithin(awaited, left)
    answer = ask()
  }
  return answer
}
