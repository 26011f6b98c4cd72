import type { LogFiles } from './log-file.ts'

/** How much of the disk is left, as of the last look at it. */
export interface FreeSpace {
  /** Whether less than this many bytes is free; false while nothing is known, for then the write itself will tell. */
  below(bytes: number): boolean
  /** Looks again. Never rejects. */
  refresh(): Promise<void>
}

/** The free space of the disk that holds the directory; nothing is known of it before the first `refresh`. */
export function createFreeSpace(files: LogFiles, directory: string): FreeSpace {
  let free: number | undefined
  let looking = false
  return {
    below: (bytes) => free !== undefined && free < bytes,
    refresh: async () => {
      if (looking) return
      looking = true
      try {
        free = await files.freeBytes(directory)
      } catch {
        free = undefined
      } finally {
        looking = false
      }
    },
  }
}
