/** Asks again and again, at most for `milliseconds`, until there is something; throws with `what` where there never is. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  milliseconds = 10_000,
): Promise<T> {
  const deadline = performance.now() + milliseconds
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`within ${milliseconds} ms: ${what} never came`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
