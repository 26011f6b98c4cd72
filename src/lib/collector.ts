import { setFlagsFromString } from 'node:v8'

/** By how many percent the old objects may grow beyond what the last full collection left. */
const growth = 300

/**
 * Lets garbage among the old objects gather before it is collected, in all threads of this process (docs/decisions/0064): V8 lets a heap of some 30 MB grow by hardly more than
 * the room of its young objects, so that one full collection follows the other, each with calls held up. It costs memory for what is dead, at most three times what is alive.
 * To be called once the process has started.
 */
export function collectSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`)
}
