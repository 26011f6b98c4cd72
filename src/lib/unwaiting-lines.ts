import type { Writable } from 'node:stream'

/** Bytes that may wait for a reader who does not keep up. */
const mostWaiting = 1_048_576

/** Takes lines, each with its line feed. */
export interface Lines {
  write(line: string): void
}

/**
 * Writes lines to a pipe or socket and never waits for its reader: at once where there is room, else a megabyte waits in memory. Beyond it lines are
 * dropped until all that waited has been read; then what `gap` makes of their number stands in their place. A reader that has gone is no error.
 */
export function unwaitingLines(to: Writable, gap: (dropped: number) => string): Lines {
  let dropped = 0
  to.on('error', () => undefined)
  return {
    write(line) {
      if (to.writableLength > (dropped > 0 ? 0 : mostWaiting)) {
        dropped++
        return
      }
      if (dropped > 0) to.write(gap(dropped))
      dropped = 0
      to.write(line)
    },
  }
}
