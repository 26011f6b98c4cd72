import type { Terminal } from './terminal.ts'

/** How long work is on its way, on stderr. */
export interface ProgressLine {
  /** Writes the text, at most once a second, and not before the work has taken one. */
  show(text: string): void
  end(): void
}

const everyMs = 1000

/** Makes one for work that begins now. */
export function createProgressLine({ error }: Pick<Terminal, 'error'>): ProgressLine {
  let shownAt = performance.now()
  return {
    show(text) {
      const now = performance.now()
      if (now - shownAt < everyMs) return
      shownAt = now
      error(`${text}\n`)
    },
    end() {
      shownAt = Number.POSITIVE_INFINITY
    },
  }
}
