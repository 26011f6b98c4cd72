import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import { readOrMakeKeyFile } from '../key-file.ts'
import { isConsistent } from '../merkle-consistency.ts'
import { privateDirectory } from '../private-modes.ts'
import { type Checkpoint, checkpointIn, type NoteVerifier, noteParts, readCheckpoint, signatureIn } from '../signed-note.ts'
import { whereThere } from '../tiles/tile-files.ts'
import { cosignatureLine, cosignatureOf, cosigner, cosignerText } from './cosignature.ts'
import { readSubmission, type Submission } from './submission.ts'

/** What became of a submission. `inconsistent`: the log does not go on from what was cosigned of it; somebody must look into that. */
export type SubmissionOutcome = 'cosigned' | 'malformed' | 'unknown-log' | 'unsigned' | 'behind' | 'inconsistent'

/** What a witness answers a log: status, type and text of the body as C2SP tlog-witness has them. */
export interface WitnessAnswer {
  readonly outcome: SubmissionOutcome
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: string
  readonly text: string
}

/** The newest checkpoint that was cosigned of a log. */
export interface Witnessed {
  readonly origin: string
  /** Records. */
  readonly size: number
  /** Seconds since 1970. */
  readonly cosignedAt: number
}

/** Whose logs are witnessed, and in which name. */
export interface WitnessTerms {
  readonly name: string
  /** Keys of logs; a log whose key changed has several. */
  readonly logs: readonly NoteVerifier[]
}

/** Cosigns the checkpoints of others' logs, each only where it goes on from the one before. */
export interface Witness {
  /** The verifier key by which its cosignatures are known, as text. */
  verifierText(): string
  /** Answers the body of an add-checkpoint request. Rejects with the system's error where what it would say cannot be kept: it is not said then. */
  addCheckpoint(body: string): Promise<WitnessAnswer>
  /** What it has cosigned of the logs that it knows. */
  witnessed(): readonly Witnessed[]
}

const plain = 'text/plain; charset=utf-8'

function answer(outcome: SubmissionOutcome, status: WitnessAnswer['status'], text: string, contentType = plain): WitnessAnswer {
  return { outcome, status, contentType, text }
}

/** The witness whose memory is in `dataDirectory/witness`, with the key `dataDirectory/keys/witness.key`, which is made at the first use. The terms are asked for at each request. */
export function createWitness(dataDirectory: string, terms: () => WitnessTerms, clock: Clock): Witness {
  const folder = join(dataDirectory, 'witness')
  privateDirectory(folder)
  const pem = readOrMakeKeyFile(join(dataDirectory, 'keys', 'witness.key'), () =>
    Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
  )
  const key = createPrivateKey(pem)
  const own = (): NoteVerifier => cosigner(terms().name, createPublicKey(key))
  /** One submission of a log at a time: what is compared with is what is replaced. */
  const turns = new Map<string, Promise<unknown>>()
  const fileOf = (origin: string): string => join(folder, `${encodeURIComponent(origin)}.checkpoint`)

  /** The note that was cosigned last. What cannot be read is no reason to begin anew: it throws. */
  function lastNote(origin: string): string | undefined {
    return whereThere(() => readFileSync(fileOf(origin), 'utf8'))
  }

  function lastOf(origin: string): Pick<Checkpoint, 'size' | 'root'> | undefined {
    const note = lastNote(origin)
    if (note === undefined) return undefined
    const last = checkpointIn(note)
    if (typeof last === 'string') throw new Error(`${fileOf(origin)} cannot be believed: ${last}`)
    return last
  }

  async function decide({ old, proof, note }: Submission, { origin, size, root }: Checkpoint): Promise<WitnessAnswer> {
    const last = lastOf(origin)
    const known = last?.size ?? 0
    if (old !== known) return answer('behind', 409, `${known}\n`, 'text/x.tlog.size')
    if (last !== undefined && old === size && !last.root.equals(root)) return answer('inconsistent', 409, `${known}\n`, 'text/x.tlog.size')
    const follows = last === undefined || old === 0 ? proof.length === 0 : isConsistent(old, last.root, size, root, proof)
    if (!follows) return answer('inconsistent', 422, 'The proof does not show that this checkpoint goes on from the one before.\n')
    const { text, signatures } = noteParts(note) ?? { text: '', signatures: [] }
    const verifier = own()
    const line = cosignatureLine(text, Math.floor(clock.now() / 1000), { verifier, key })
    const others = signatures.filter((one) => signatureIn(one, verifier) === undefined)
    await replaceFile(fileOf(origin), `${[text, ...others].join('\n')}\n${line}`)
    return answer('cosigned', 200, line)
  }

  return {
    verifierText: () => cosignerText(own()),
    async addCheckpoint(body) {
      const submission = readSubmission(body)
      const checkpoint = submission === undefined ? 'it is no submission' : checkpointIn(submission.note)
      if (submission === undefined || typeof checkpoint === 'string')
        return answer('malformed', 400, 'The body is not a size, a proof and a checkpoint (C2SP tlog-witness).\n')
      const { origin } = checkpoint
      const keys = terms().logs.filter(({ name }) => name === origin)
      if (keys.length === 0) return answer('unknown-log', 404, 'This log is not witnessed here.\n')
      if (keys.every((one) => typeof readCheckpoint(submission.note, one) === 'string'))
        return answer('unsigned', 403, 'The checkpoint is not signed with a key of this log.\n')
      if (submission.old > checkpoint.size) return answer('malformed', 400, 'The old size is larger than that of the checkpoint.\n')
      const before = turns.get(origin) ?? Promise.resolve()
      const turn = before.then(() => decide(submission, checkpoint))
      const settled = turn.catch(() => undefined)
      turns.set(origin, settled)
      return turn
    },
    witnessed() {
      const origins = new Set(terms().logs.map(({ name }) => name))
      return [...origins].flatMap((origin) => {
        const note = lastNote(origin)
        const last = note === undefined ? 'there is none' : checkpointIn(note)
        if (note === undefined || typeof last === 'string') return []
        return [{ origin, size: last.size, cosignedAt: cosignatureOf(note, own())?.seconds ?? 0 }]
      })
    },
  }
}
