// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { type KeyObject, sign, verify } from 'node:crypto'
import { type NoteVerifier, noteOf, noteParts, noteVerifier, readVerifier, signatureIn, verifierText } from '../signed-note.ts'

/** Its number in the ids of keys (C2SP tlog-cosignature: Ed25519). */
const type = 4
const timeBytes = 8
const signatureBytes = 64
/** The end of the year 9999: no date can be shown of what is said to be later. */
const latestSeconds = 253_402_300_799

/** Who cosigns checkpoints under this name with this key. Throws where it is no Ed25519 key. */
export function cosigner(name: string, key: KeyObject): NoteVerifier {
  return noteVerifier(name, key, type)
}

/** The verifier key of a cosigner as text: name, key id and key, joined by `+`. */
export function cosignerText(one: NoteVerifier): string {
  return verifierText(one, type)
}

/** Reads the verifier key of a cosigner; undefined where the text is none, such as that of a log. */
export function readCosigner(text: string): NoteVerifier | undefined {
  return readVerifier(text, type)
}

/** What a cosigner signs: that at this time, in seconds since 1970, this was the largest tree of the log that it had seen, and it goes on from all before. */
function statement(text: string, seconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`)
}

/** The line of a cosignature under the text of a checkpoint, its newline included. `seconds` since 1970. */
export function cosignatureLine(text: string, seconds: number, { verifier, key }: { verifier: NoteVerifier; key: KeyObject }): string {
  const time = Buffer.alloc(timeBytes)
  time.writeBigUInt64BE(BigInt(seconds))
  const signature = Buffer.concat([time, sign(null, statement(text, seconds), key)])
  return noteOf('', [{ verifier, signature }]).slice(1)
}

/** When a note was cosigned by this witness, in seconds since 1970, and the line that says so; undefined where it was not. */
export function cosignatureOf(note: string, by: NoteVerifier): { readonly seconds: number; readonly line: string } | undefined {
  const { text, signatures } = noteParts(note) ?? { text: '', signatures: [] }
  for (const line of signatures) {
    const bytes = signatureIn(line, by)
    if (bytes?.length !== timeBytes + signatureBytes) continue
    const seconds = Number(bytes.readBigUInt64BE())
    if (seconds <= latestSeconds && verify(null, statement(text, seconds), by.key, bytes.subarray(timeBytes)))
      return { seconds, line: `${line}\n` }
  }
  return undefined
}
