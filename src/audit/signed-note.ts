// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node.
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'

/** Who signs notes: a name and its Ed25519 key (C2SP signed-note), or who cosigns them (C2SP tlog-cosignature). */
export interface NoteVerifier {
  readonly name: string
  /** 4 bytes that tell the name's keys apart. */
  readonly id: Buffer
  readonly key: KeyObject
}

/** What a log's checkpoint says (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** The log's name. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

/** What a key signs, by the number that its id is made with: notes, or the cosignatures of a witness. */
export type NoteKeyType = 1 | 4

const ed25519 = 1
/** What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

function keyId(name: string, publicKey: Uint8Array, type: NoteKeyType): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), publicKey]), 'buffer').subarray(0, 4)
}

/** The verifier of a name's key. Throws where it is no Ed25519 key. */
export function noteVerifier(name: string, key: KeyObject, type: NoteKeyType = ed25519): NoteVerifier {
  return { name, id: keyId(name, rawKey(key), type), key }
}

function rawKey(key: KeyObject): Buffer {
  const spki = key.export({ type: 'spki', format: 'der' })
  if (!spki.subarray(0, spkiHead.length).equals(spkiHead)) throw new TypeError('the key is not an Ed25519 key')
  return spki.subarray(spkiHead.length)
}

/** The verifier key as text: name, key id and key, joined by `+`. */
export function verifierText({ name, id, key }: NoteVerifier, type: NoteKeyType = ed25519): string {
  return `${name}+${id.toString('hex')}+${Buffer.concat([Uint8Array.of(type), rawKey(key)]).toString('base64')}`
}

/** Reads a verifier key; undefined where the text is none, or its id is not that of its key. */
export function readVerifier(text: string, type: NoteKeyType = ed25519): NoteVerifier | undefined {
  const [, name = '', id, base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text.trim()) ?? []
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== 33 || bytes[0] !== type || keyId(name, bytes.subarray(1), type).toString('hex') !== id) return undefined
  const key = createPublicKey({ key: Buffer.concat([spkiHead, bytes.subarray(1)]), format: 'der', type: 'spki' })
  return { name, id: keyId(name, bytes.subarray(1), type), key }
}

/** The text of a checkpoint that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** A signature and whose it is. */
export interface NoteSignature {
  readonly verifier: NoteVerifier
  readonly signature: Uint8Array
}

/** The note of a text and its signatures. */
export function noteOf(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ verifier: { name, id }, signature }) => `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`,
  )
  return `${text}\n${lines.join('')}`
}

/** The text of a note that is signed, its last newline included, and the lines of its signatures; undefined where it is no note. */
export function noteParts(note: string): { readonly text: string; readonly signatures: readonly string[] } | undefined {
  const end = note.lastIndexOf('\n\n')
  return end < 0
    ? undefined
    : {
        text: note.slice(0, end + 1),
        signatures: note
          .slice(end + 2)
          .split('\n')
          .filter((line) => line !== ''),
      }
}

/** What the line of a signature holds behind the key's id; undefined where the line is none of that name and id. */
export function signatureIn(line: string, { name, id }: Pick<NoteVerifier, 'name' | 'id'>): Buffer | undefined {
  const [, signer, base64 = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
  const bytes = Buffer.from(base64, 'base64')
  return signer === name && bytes.subarray(0, 4).equals(id) ? bytes.subarray(4) : undefined
}

/** What a note says of a log, whoever signed it; a sentence where it is no checkpoint. */
export function checkpointIn(note: string): Checkpoint | string {
  const parts = noteParts(note)
  if (parts === undefined) return 'it is no signed note'
  const [, origin, size = '', root = ''] = /^([^\n]+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n/.exec(parts.text) ?? []
  return origin === undefined ? 'it is no checkpoint' : { origin, size: Number(size), root: Buffer.from(root, 'base64') }
}

/** The checkpoint in a note that this verifier signed; a sentence where it is none, or not signed by it. */
export function readCheckpoint(note: string, verifier: NoteVerifier): Checkpoint | string {
  const read = checkpointIn(note)
  if (typeof read === 'string') return read
  if (read.origin !== verifier.name) return `it is of the log ${read.origin}, not of ${verifier.name}`
  const { text, signatures } = noteParts(note) ?? { text: '', signatures: [] }
  return signatures.some((line) => isSignature(line, text, verifier)) ? read : `it is not signed with the key of ${verifier.name}`
}

/** Whether the line is this key's signature of the text. */
export function isSignature(line: string, text: string, verifier: NoteVerifier): boolean {
  const signature = signatureIn(line, verifier)
  return signature?.length === 64 && verify(null, Buffer.from(text), verifier.key, signature)
}
