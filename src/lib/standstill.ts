import type { Clock } from './clock.ts'

/** Notices that this process stood still: it was stopped, or its machine was, or something held its event loop. */
export interface Standstill {
  /** Looks whether it has just stood still. Whoever decides by what should have been heard meanwhile looks before: behind a standstill what waits comes in any order. */
  look(): void
  close(): void
}

/** What is told of it. Must not throw. */
export interface StandstillParts {
  readonly clock: Clock
  /** How long it may be held without a word. Milliseconds, more than twice `standstillTickMs`. */
  readonly longerThanMs: number
  /** It stood still for so many milliseconds. Told once, at the first look behind it. */
  readonly noticed: (milliseconds: number) => void
  /** It runs, and did since the last time: told every `standstillTickMs`. */
  readonly ticked?: () => void
}

/** Between two looks of its own. */
export const standstillTickMs = 250

/** Begins to look. The timer keeps no process alive. */
export function watchStandstill({ clock, longerThanMs, noticed, ticked }: StandstillParts): Standstill {
  let ran = clock.elapsed()
  let ranAt = clock.now()

  function hasStood(): boolean {
    const elapsed = clock.elapsed()
    const now = clock.now()
    // Whether the monotonic clock goes on while a machine is suspended is the kernel's affair; the other one is put right at the latest afterwards.
    const stood = Math.max(elapsed - ran, now - ranAt)
    ran = elapsed
    ranAt = now
    if (stood <= longerThanMs) return false
    noticed(stood)
    return true
  }

  const timer = setInterval(() => {
    if (!hasStood()) ticked?.()
  }, standstillTickMs)
  timer.unref()
  return { look: () => void hasStood(), close: () => clearInterval(timer) }
}
