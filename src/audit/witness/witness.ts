import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import { readOrMakeKeyFile } from '../key-file.ts'
import { lockLog } from '../log-lock.ts'
import { isConsistent } from '../merkle-consistency.ts'
import { emptyTree, rootOf } from '../merkle-tree.ts'
import { privateDirectory } from '../private-modes.ts'
import { type Checkpoint, checkpointIn, type NoteVerifier, noteParts } from '../signed-note.ts'
import { whereThere } from '../tiles/tile-files.ts'
import { cosignatureLine, cosignatureOf, cosigner, cosignerText } from './cosignature.ts'
import { goodSignatures } from './good-signatures.ts'
import { readSubmission, type Submission } from './submission.ts'

/**
 * What became of a submission. `unproven`: its proof does not show that the log goes on from what was cosigned, which anybody can send; `inconsistent`: the log
 * has signed two states of one size, which its keys alone can do.
 */
export type SubmissionOutcome = 'cosigned' | 'malformed' | 'unknown-log' | 'unsigned' | 'behind' | 'unproven' | 'inconsistent'

/** What a witness answers a log: status, type and text of the body as C2SP tlog-witness has them. */
export interface WitnessAnswer {
  readonly outcome: SubmissionOutcome
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: string
  readonly text: string
  /** The log, where it is one that is known. */
  readonly origin?: string
}

/** The newest checkpoint that was cosigned of a log, or that what is kept of it cannot be read. */
export type Witnessed =
  | { readonly origin: string /** Records. */; readonly size: number /** Seconds since 1970. */; readonly cosignedAt: number }
  | { readonly origin: string; readonly problem: string }

/** Whose logs are witnessed, and in which name. */
export interface WitnessTerms {
  readonly name: string
  /** Keys of logs by their names; a log whose key changed has several. */
  readonly logs: ReadonlyMap<string, readonly NoteVerifier[]>
}

/** Cosigns the checkpoints of others' logs, each only where it goes on from the one before. */
export interface Witness {
  /** The verifier key by which its cosignatures are known, as text. */
  verifierText(): string
  /** Answers the body of an add-checkpoint request. Rejects where what it would say cannot be kept, or what it has said cannot be read: it says nothing then. */
  addCheckpoint(body: string): Promise<WitnessAnswer>
  /** What it has cosigned of the logs that it knows. */
  witnessed(): readonly Witnessed[]
  /** Gives its memory back: another process may be this witness then. */
  close(): void
}

/** What was cosigned last of a log. */
interface Last {
  readonly size: number
  readonly root: Buffer
  readonly text: string
  readonly line: string
  readonly seconds: number
}

const plain = 'text/plain; charset=utf-8'
const sizeType = 'text/x.tlog.size'
/** The same checkpoint within so many seconds is answered with the cosignature of before: it costs the disk nothing. */
const sameForSeconds = 60

/** The key of a witness, made at the first use. Throws where it is there and what was cosigned with it is not: to begin anew would be to sign another history. */
function witnessKey(dataDirectory: string, folder: string): KeyObject {
  const path = join(dataDirectory, 'keys', 'witness.key')
  if (existsSync(path) && !existsSync(folder))
    throw new Error(`${folder} is gone, and with it what was cosigned: put it back, or remove ${path} and begin as another witness`)
  privateDirectory(folder)
  const pem = readOrMakeKeyFile(path, () => Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })))
  return createPrivateKey(pem)
}

/**
 * The witness whose memory is in `dataDirectory/witness`, with the key `dataDirectory/keys/witness.key`. The terms are asked for at each request. Throws the system's error, and
 * `LogLocked` where another process is this witness: each would go on from what it remembers itself, and the two would cosign two histories.
 */
export function createWitness(dataDirectory: string, terms: () => WitnessTerms, clock: Clock): Witness {
  const folder = join(dataDirectory, 'witness')
  const key = witnessKey(dataDirectory, folder)
  const unlock = lockLog(folder, 'another data directory')
  const publicKey = createPublicKey(key)
  /** One submission of a log at a time: what is compared with is what is replaced. */
  const turns = new Map<string, Promise<unknown>>()
  const known = new Map<string, Last>()
  const fileOf = (origin: string, kind: string): string => join(folder, `${encodeURIComponent(origin)}.${kind}`)

  /** What was cosigned last; undefined where nothing was. Throws where it cannot be read: that is no reason to begin anew. */
  function lastOf(origin: string): Last | undefined {
    const held = known.get(origin)
    if (held !== undefined) return held
    const note = whereThere(() => readFileSync(fileOf(origin, 'checkpoint'), 'utf8'))
    if (note === undefined) return undefined
    const read = checkpointIn(note)
    if (typeof read === 'string') throw new Error(`${fileOf(origin, 'checkpoint')} cannot be believed: ${read}`)
    const { text } = noteParts(note) ?? { text: '' }
    const cosignature = cosignatureOf(note, cosigner(terms().name, publicKey))
    const last = { size: read.size, root: read.root, text, line: cosignature?.line ?? '', seconds: cosignature?.seconds ?? 0 }
    known.set(origin, last)
    return last
  }

  async function decide(
    { old, proof, note }: Submission,
    { origin, size, root }: Checkpoint,
    name: string,
    signatures: readonly string[],
  ): Promise<WitnessAnswer> {
    const answer = (outcome: SubmissionOutcome, status: WitnessAnswer['status'], said: string, contentType = plain): WitnessAnswer => ({
      ...{ origin, outcome, status, contentType, text: said },
    })
    const last = lastOf(origin)
    const from = last?.size ?? 0
    if (old !== from) return answer('behind', 409, `${from}\n`, sizeType)
    if (last !== undefined && old === size && !last.root.equals(root)) {
      await keepOnce(fileOf(origin, `contradicting-${size}`), note)
      return answer('inconsistent', 409, `${from}\n`, sizeType)
    }
    const follows = last === undefined || old === 0 ? proof.length === 0 : isConsistent(old, last.root, size, root, proof)
    if (!follows) return answer('unproven', 422, 'The proof does not show that this checkpoint goes on from the one before.\n')
    const { text } = noteParts(note) ?? { text: '' }
    const seconds = Math.floor(clock.now() / 1000)
    if (last?.text === text && last.line.startsWith(`— ${name} `) && Math.abs(seconds - last.seconds) < sameForSeconds)
      return answer('cosigned', 200, last.line)
    const line = cosignatureLine(text, seconds, { verifier: cosigner(name, publicKey), key })
    await replaceFile(fileOf(origin, 'checkpoint'), `${[text, ...signatures].join('\n')}\n${line}`)
    known.set(origin, { size, root, text, line, seconds })
    return answer('cosigned', 200, line)
  }

  return {
    verifierText: () => cosignerText(cosigner(terms().name, publicKey)),
    async addCheckpoint(body) {
      const refused = (outcome: SubmissionOutcome, status: WitnessAnswer['status'], text: string): WitnessAnswer => ({
        ...{ outcome, status, contentType: plain, text },
      })
      const submission = readSubmission(body)
      const checkpoint = submission === undefined ? 'it is no submission' : checkpointIn(submission.note)
      if (submission === undefined || typeof checkpoint === 'string')
        return refused('malformed', 400, 'The body is not a size, a proof and a checkpoint (C2SP tlog-witness).\n')
      const { origin, size, root } = checkpoint
      const { name, logs } = terms()
      const keys = logs.get(origin)
      if (keys === undefined) return refused('unknown-log', 404, 'This log is not witnessed here.\n')
      const signatures = goodSignatures(submission.note, keys)
      if (signatures === undefined) return refused('unsigned', 403, 'The checkpoint is not signed with a key of this log.\n')
      if (submission.old > size) return refused('malformed', 400, 'The old size is larger than that of the checkpoint.\n')
      if (size === 0 && !root.equals(rootOf(emptyTree))) return refused('malformed', 400, 'An empty log has another root.\n')
      const before = turns.get(origin) ?? Promise.resolve()
      const turn = before.then(() => decide(submission, checkpoint, name, signatures))
      turns.set(
        origin,
        turn.catch(() => undefined),
      )
      return turn
    },
    witnessed() {
      return [...terms().logs.keys()].flatMap((origin): readonly Witnessed[] => {
        try {
          const last = lastOf(origin)
          return last === undefined ? [] : [{ origin, size: last.size, cosignedAt: last.seconds }]
        } catch {
          return [{ origin, problem: 'What was cosigned of it cannot be read: nothing of it is cosigned.' }]
        }
      })
    },
    close: unlock,
  }
}

/** Keeps what shows that a log has two histories; the first of a size is enough. */
async function keepOnce(path: string, note: string): Promise<void> {
  if (!existsSync(path)) await replaceFile(path, note)
}
