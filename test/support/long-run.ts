import { positive } from './option-kinds.ts'

/** A run that takes long: it says on stderr how far it has come, and ends early, in order, where it is told to. */
export interface LongRun {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; the reason is the signal's name. */
  readonly stop: AbortSignal
  /** Says no more, and leaves signals to whoever comes next. */
  end(): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** npm passes on a signal that the terminal has sent to everybody: what comes this soon behind the first is the same wish. */
const sameWishMs = 2_000

/** The option of such a program: seconds between two lines of progress. */
export const progressOption = positive('seconds between two lines of progress on stderr', { otherwise: 20 })

/** Begins one. What `soFar` gives is said every so many seconds. Whoever sends a further signal, seconds behind the first, ends the process at once, with 1. */
export function beginLongRun(everySeconds: number, soFar: () => string): LongRun {
  const stopped = new AbortController()
  let since = Number.NaN
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const stop = (signal: NodeJS.Signals): void => {
    if (!stopped.signal.aborted) {
      since = performance.now()
      say(`${signal}: no more is begun; what was done is held against the audit`)
      stopped.abort(signal)
    } else if (performance.now() - since > sameWishMs) {
      say(`${signal} again: ended at once`)
      process.exit(1)
    }
  }
  for (const signal of signals) process.on(signal, stop)
  const progress = setInterval(() => say(soFar()), everySeconds * 1000)
  return {
    stop: stopped.signal,
    end() {
      clearInterval(progress)
      for (const signal of signals) process.off(signal, stop)
    },
  }
}
