// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkpointIn, type NoteVerifier } from '../signed-note.ts'
import { whereThere } from '../tiles/tile-files.ts'
import { cosignatureOf } from './cosignature.ts'

/** The newest checkpoint of a log that a witness has cosigned, as it stands beside the log. */
export interface Cosigned {
  readonly path: string
  /** The checkpoint with the signatures of log and witness. */
  readonly note: string
  /** Records. */
  readonly size: number
  /** When it was cosigned, in seconds since 1970. */
  readonly seconds: number
}

/** Where in a log's directory the newest checkpoint stands that this witness cosigned. */
export function cosignedPath(directory: string, { id }: NoteVerifier): string {
  return join(directory, `cosigned-${id.toString('hex')}`)
}

/** Reads it; undefined where there is none of the log of this name that the witness cosigned. Whether the log signed it, and holds it, is another question. */
export function readCosigned(directory: string, log: string, witness: NoteVerifier): Cosigned | undefined {
  const path = cosignedPath(directory, witness)
  const note = whereThere(() => readFileSync(path, 'utf8'))
  return note === undefined ? undefined : cosignedIn(note, log, witness, path)
}

/** What a note says as the cosigned checkpoint of that log; undefined where it is none. */
export function cosignedIn(note: string, log: string, witness: NoteVerifier, path: string): Cosigned | undefined {
  const checkpoint = checkpointIn(note)
  const cosignature = cosignatureOf(note, witness)
  if (typeof checkpoint === 'string' || checkpoint.origin !== log || cosignature === undefined) return undefined
  return { path, note, size: checkpoint.size, seconds: cosignature.seconds }
}
