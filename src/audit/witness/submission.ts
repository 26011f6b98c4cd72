import { noteParts } from '../signed-note.ts'

/** A checkpoint on its way to a witness (C2SP tlog-witness, add-checkpoint). */
export interface Submission {
  /** Records of the checkpoint that the witness cosigned last; 0 where it cosigned none. */
  readonly old: number
  /** What shows that the tree of the checkpoint begins with that one (RFC 6962, 2.1.2). */
  readonly proof: readonly Buffer[]
  /** The checkpoint as a signed note. */
  readonly note: string
}

const mostHashes = 63
/** A log signs with one key, for a moment with two; each more would have to be verified. */
const mostSignatures = 16

/** The body that a log sends. */
export function submissionText({ old, proof, note }: Submission): string {
  return `old ${old}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${note}`
}

/** Reads the body; undefined where it is none. */
export function readSubmission(body: string): Submission | undefined {
  const end = body.indexOf('\n\n')
  const [first = '', ...lines] = body.slice(0, Math.max(end, 0)).split('\n')
  const [, old] = /^old (0|[1-9]\d{0,14})$/.exec(first) ?? []
  if (old === undefined || lines.length > mostHashes || !lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))) return undefined
  const note = body.slice(end + 2)
  // Notes have none but newlines (C2SP signed-note).
  if (/[\x00-\x09\x0b-\x1f]/.test(body)) return undefined
  if ((noteParts(note)?.signatures.length ?? 0) > mostSignatures) return undefined
  return { old: Number(old), proof: lines.map((line) => Buffer.from(line, 'base64')), note }
}
