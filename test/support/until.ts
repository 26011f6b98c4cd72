import { setTimeout as pause } from 'node:timers/promises'

/** Asks again and again, every few milliseconds, until the answer is neither undefined nor false; rejects, saying what was awaited, after `withinMs`: half a minute, unless told otherwise. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  limits: number | { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const { withinMs = 30_000, everyMs = 10 } = typeof limits === 'number' ? { withinMs: limits } : limits
  const end = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain: ${what}`)
    await pause(everyMs)
  }
}
