import type { LogFile } from './log-file.ts'

/** The segment that is being written. `link` is the chain hash of the last line, the header's included. */
export interface LogSegment {
  readonly file: LogFile
  readonly path: string
  bytes: number
  link: string
  /** Whether it could be told from other files when it was made: not every file system gives a file one number for as long as it stands. */
  readonly known: boolean
  /** Why what is written to it would be lost. */
  gone?: Error
}

/** Finds out whether the segment is still what its name leads to: a file that was removed or replaced takes writes as ever, and nobody would read them again. Never rejects. */
export async function lookAtSegment(segment: LogSegment): Promise<void> {
  const { file, path, bytes, known } = segment
  try {
    if (!known || (await file.standsAt(path, bytes))) return
    segment.gone = new Error(`${path} was removed, replaced or cut while it was being written: find out by whom`)
  } catch {
    // What cannot be looked at now is looked at again; the next write says by itself what the disk takes.
  }
}
