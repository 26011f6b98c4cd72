// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { logKeysIn } from './handover-reading.ts'
import { keysFrom, type LogKeyTerm, soundHandovers } from './log-handover.ts'
import { type ReceiptProof, readReceipt, receiptProblem } from './receipt-proof.ts'
import { type Checkpoint, checkpointIn, type NoteVerifier, readCheckpoint, readVerifier, verifierText } from './signed-note.ts'

/** What somebody kept of logs, outside of their directory. */
export interface Evidence {
  /** Verifier keys, each of which must be one of its log's; without one for a log the key beside it is believed. */
  readonly keys?: readonly NoteVerifier[]
  /** Texts of checkpoints, each with what to call it in a message. */
  readonly checkpoints?: readonly { readonly name: string; readonly note: string }[]
  /** Values of `Ssp-Receipt`. */
  readonly receipts?: readonly string[]
}

/** What a log must hold. */
export interface Known {
  readonly checkpoints: readonly Checkpoint[]
  readonly receipts: readonly ReceiptProof[]
}

/** Evidence that is itself no good. */
export interface BadEvidence {
  readonly file: string
  readonly problem: string
  /** Records that it says there are, though nobody vouches for that. */
  readonly size?: number
}

async function textOr(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) throw new Error(`${path} is no plain file`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The verifier keys for a log: all those given of its name, else the one in its directory. */
async function verifiersOf(directory: string, log: string, keys: readonly NoteVerifier[]): Promise<readonly NoteVerifier[]> {
  const given = keys.filter(({ name }) => name === log)
  if (given.length > 0) return given
  const beside = readVerifier((await textOr(join(directory, 'verifier'))) ?? '')
  return beside === undefined ? [] : [beside]
}

/** Why an old key counts for nothing that is so large; undefined where it is not beyond what it signed. */
function tooLate({ verifier, until }: LogKeyTerm, size: number): string | undefined {
  if (size <= until) return undefined
  return `its key ${verifier.id.toString('hex')} had handed over in record ${until - 1}: somebody else has that key, or the log was cut and went on without these records`
}

/** The checkpoint in the note, if one of the keys signed it in its time; a sentence where none did. */
function believed(note: string, keys: readonly LogKeyTerm[]): Checkpoint | string {
  const read = keys.map((key) => {
    const checkpoint = readCheckpoint(note, key.verifier)
    return typeof checkpoint === 'string' ? { unsigned: checkpoint } : { checkpoint, late: tooLate(key, checkpoint.size) }
  })
  const signed = read.filter((one) => 'checkpoint' in one)
  return signed.find(({ late }) => late === undefined)?.checkpoint ?? signed[0]?.late ?? read[0]?.unsigned ?? 'there is no key'
}

function signedByNone(note: string, keys: readonly LogKeyTerm[]): boolean {
  return typeof believed(note, keys) === 'string'
}

/** How many records the note says that the log has, whoever signed it. */
function claimedSize(note: string): number {
  const read = checkpointIn(note)
  return typeof read === 'string' ? 0 : read.size
}

function receiptFault(receipt: ReceiptProof, keys: readonly LogKeyTerm[]): string | undefined {
  const { first, count } = receipt.group
  const problems = keys.map((key) => receiptProblem(receipt, key.verifier))
  const signer = keys[problems.indexOf(undefined)]
  return signer === undefined ? problems[0] : tooLate(signer, first + count)
}

/** What is known of one log: its own newest checkpoint, and those of the evidence that name it; or the first piece whose signature is no good. */
export async function evidenceFor(directory: string, log: string, evidence: Evidence): Promise<Known | BadEvidence> {
  const own = join(directory, 'checkpoint')
  const names = (await readdir(directory)).filter((name) => /^checkpoint(-\d{1,15})?$/.test(name))
  const owned = await Promise.all(names.map(async (name) => ({ name: join(directory, name), note: await textOr(join(directory, name)) })))
  const given = (evidence.checkpoints ?? []).filter((one) => one.note.startsWith(`${log}\n`))
  const notes = [...owned.flatMap(({ name, note }) => (note === undefined ? [] : [{ name, note }])), ...given]
  const receipts = (evidence.receipts ?? []).flatMap((text) => readReceipt(text) ?? []).filter(({ group }) => group.log === log)
  const verifiers = await verifiersOf(directory, log, evidence.keys ?? [])
  if (verifiers.length === 0) {
    const file = notes[0]?.name ?? join(directory, 'verifier')
    return notes.length + receipts.length === 0 ? { checkpoints: [], receipts: [] } : { file, problem: 'there is no key to verify it with' }
  }
  if (notes.length === 0 && evidence.keys?.some(({ name }) => name === log) === true)
    return { file: own, problem: 'nothing is signed here that the given key could prove: the checkpoint is missing' }
  const { firstKey, handovers } = await logKeysIn(directory)
  // Reading the log names the record in which a key was handed over by somebody else; what was signed before it still counts, and nothing after it.
  const sound = soundHandovers(handovers, firstKey)
  const isBroken = sound.length < handovers.length
  const terms = verifiers.map((verifier) => ({ verifier, keys: keysFrom(verifier, sound, firstKey) }))
  const stranger = terms.find((one) => one.keys === undefined)
  if (stranger !== undefined && isBroken) return { checkpoints: [], receipts: [] }
  if (stranger !== undefined) {
    const problem = `the key ${verifierText(stranger.verifier)} never signed this log: no handover leads to it; it was cut off, or the key is another log's`
    return { file: join(directory, 'verifier'), problem, size: Math.max(0, ...notes.map(({ note }) => claimedSize(note))) }
  }
  const keys = terms.flatMap((one) => one.keys ?? [])
  const checkpoints: Checkpoint[] = []
  for (const one of notes) {
    const read = believed(one.note, keys)
    if (typeof read !== 'string') checkpoints.push(read)
    else if (!isBroken) return { file: one.name, problem: `the checkpoint cannot be believed: ${read}`, size: claimedSize(one.note) }
  }
  // Of a log that names no key of its own each counts as its first: one that signed nothing here shows that it is another's.
  const idle = isBroken ? undefined : terms.find((one) => notes.length > 0 && notes.every(({ note }) => signedByNone(note, one.keys ?? [])))
  if (idle !== undefined) return { file: own, problem: `nothing is signed here that the key ${verifierText(idle.verifier)} could prove` }
  const held: ReceiptProof[] = []
  for (const receipt of receipts) {
    const problem = receiptFault(receipt, keys)
    if (problem === undefined) held.push(receipt)
    else if (!isBroken) return { file: 'Ssp-Receipt', problem: `the receipt of record ${receipt.index} cannot be believed: ${problem}` }
  }
  return { checkpoints, receipts: held }
}
