import { logDirectories } from '../audit/log-directories.ts'
import type { NoteVerifier } from '../audit/signed-note.ts'
import { readCosigner } from '../audit/witness/cosignature.ts'
import { type Cosigned, readCosigned } from '../audit/witness/cosigned-file.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'

/** What one witness has cosigned of one log; undefined where nothing of it is beside the log. */
export interface LogCosigned {
  readonly log: string
  readonly witness: string
  readonly cosigned: Cosigned | undefined
}

/** The witness of this verifier key; fails where the text is none. */
export function witnessOf(text: string): NoteVerifier {
  const witness = readCosigner(text)
  if (witness === undefined) throw new CommandFailure(exitCode.usage, `--witness is no verifier key of a witness: ${JSON.stringify(text)}`)
  return witness
}

/** What stands beside every log of the data directory with the cosignature of each of these witnesses. Rejects with the system's error. */
export async function cosignedIn(dataDirectory: string, witnesses: readonly NoteVerifier[]): Promise<readonly LogCosigned[]> {
  if (witnesses.length === 0) return []
  const logs = logDirectories(dataDirectory)
  return [...logs].flatMap(([log, directory]) =>
    witnesses.map((witness) => ({ log, witness: witness.name, cosigned: readCosigned(directory, log, witness) })),
  )
}

/** The same as lines for whoever verifies. */
export function cosignedText({ log, witness, cosigned }: LogCosigned): string {
  if (cosigned === undefined) return `${log}  NOT COSIGNED by ${witness}: no checkpoint with its cosignature is beside the log`
  return `${log}  cosigned by ${witness}  ${cosigned.size} records, ${new Date(cosigned.seconds * 1000).toISOString()}`
}
