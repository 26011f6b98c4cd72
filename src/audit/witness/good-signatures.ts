import { isSignature, type NoteVerifier, noteParts, signatureIn } from '../signed-note.ts'

/**
 * The lines of a note that these keys signed; undefined where none did, or one that says so did not: a known key whose signature is no good is more than an unknown
 * one (C2SP tlog-witness).
 */
export function goodSignatures(note: string, keys: readonly NoteVerifier[]): readonly string[] | undefined {
  const { text, signatures } = noteParts(note) ?? { text: '', signatures: [] }
  const good: string[] = []
  for (const line of signatures) {
    const claimed = keys.filter((key) => signatureIn(line, key) !== undefined)
    if (claimed.length === 0) continue
    if (!claimed.some((key) => isSignature(line, text, key))) return undefined
    good.push(line)
  }
  return good.length === 0 ? undefined : good
}
