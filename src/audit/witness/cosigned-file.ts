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

/** Reads it; undefined where there is none that the witness cosigned. Whether the log signed it, and holds it, is another question. */
export function readCosigned(directory: string, witness: NoteVerifier): Cosigned | undefined {
  const path = cosignedPath(directory, witness)
  const note = whereThere(() => readFileSync(path, 'utf8'))
  const checkpoint = note === undefined ? 'there is none' : checkpointIn(note)
  const cosignature = note === undefined ? undefined : cosignatureOf(note, witness)
  if (note === undefined || typeof checkpoint === 'string' || cosignature === undefined) return undefined
  return { path, note, size: checkpoint.size, seconds: cosignature.seconds }
}
