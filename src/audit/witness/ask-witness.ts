import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../lib/replace-file.ts'
import { tiledTree } from '../log-proof.ts'
import { consistencyProof } from '../merkle-tree.ts'
import { checkpointIn, type NoteVerifier, noteParts } from '../signed-note.ts'
import { whereThere } from '../tiles/tile-files.ts'
import { cosignatureOf } from './cosignature.ts'
import { type Cosigned, cosignedIn, cosignedPath, readCosigned } from './cosigned-file.ts'
import { submissionText } from './submission.ts'
import { postSubmission, type WitnessPlace, type WitnessReply } from './witness-client.ts'

/** A witness as it is asked. */
export interface AskedWitness extends WitnessPlace {
  readonly verifier: NoteVerifier
}

/**
 * Why a checkpoint was not cosigned. `contradicted`: the witness knows the log otherwise than it is, as after a restore from an older copy; `rolled-back`: the witness
 * does not know any more what it has cosigned.
 */
export class NotCosigned extends Error {
  override readonly name = 'NotCosigned'
  readonly reason: 'unreachable' | 'refused' | 'contradicted' | 'rolled-back' | 'unproven'
  constructor(reason: NotCosigned['reason'], message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

/** One log and one witness. */
export interface Asking {
  readonly log: string
  readonly directory: string
  readonly witness: AskedWitness
  /**
   * Shows the checkpoint though it stands there as cosigned: at a start, when the log may be an older copy with all that was beside it.
   */
  readonly afresh: boolean
  readonly stop?: AbortSignal
  /** Told of what is wrong with the witness although it cosigns. */
  readonly remark?: (problem: NotCosigned) => void
}

/**
 * Shows the newest checkpoint of a log to a witness, where it has not cosigned it yet, and keeps what it cosigns beside the log. Gives what is cosigned then;
 * undefined for a log without a checkpoint. Rejects with `NotCosigned`, and with the system's error where it cannot be kept.
 */
export async function askWitness(asking: Asking): Promise<Cosigned | undefined> {
  const { log, directory, witness, afresh, remark } = asking
  const note = whereThere(() => readFileSync(join(directory, 'checkpoint'), 'utf8'))
  const checkpoint = note === undefined ? 'there is none' : checkpointIn(note)
  const known = readCosigned(directory, log, witness.verifier)
  const parts = noteParts(note ?? '')
  if (parts === undefined || note === undefined || typeof checkpoint === 'string') return known
  const { size } = checkpoint
  if (!afresh && known !== undefined && noteParts(known.note)?.text === parts.text) return known
  // A log that was cut back is shown too: the witness then says what it knows of it.
  let old = Math.min(known?.size ?? 0, size)
  let reply = await submit(asking, { old, size, note })
  const said = sizeIn(reply)
  // What it has cosigned stands there with its signature.
  if (said !== undefined && known !== undefined && said < known.size && known.size <= size)
    remark?.(new NotCosigned('rolled-back', `it knows ${said} records of a log of which it has cosigned ${known.size}`))
  if (said !== undefined && said !== old && said <= size) {
    old = said
    reply = await submit(asking, { old, size, note })
  }
  const knows = sizeIn(reply)
  if (knows !== undefined && knows > size)
    throw new NotCosigned('contradicted', `it has cosigned ${knows} records of a log that has ${size}: the log was cut back`)
  if (reply.status === 422 || (reply.status === 409 && knows === size))
    throw new NotCosigned('contradicted', `what it has cosigned at ${old} records is not the beginning of this log`)
  if (reply.status !== 200) throw new NotCosigned('refused', `it answered ${reply.status}${sentenceOf(reply)}`)
  const lines = reply.body.split('\n').filter((line) => line.startsWith('— '))
  const path = cosignedPath(directory, witness.verifier)
  const line = cosignatureOf(`${parts.text}\n${lines.join('\n')}\n`, witness.verifier)?.line
  const cosigned =
    line === undefined ? undefined : cosignedIn(`${[parts.text, ...parts.signatures].join('\n')}\n${line}`, log, witness.verifier, path)
  if (cosigned === undefined) throw new NotCosigned('refused', 'its answer bears no cosignature by its key')
  await replaceFile(path, cosigned.note)
  return cosigned
}

async function submit(
  { directory, witness, stop }: Asking,
  { old, size, note }: { readonly old: number; readonly size: number; readonly note: string },
): Promise<WitnessReply> {
  const proof = old === 0 || old === size ? [] : proofOf(directory, old, size)
  try {
    return await postSubmission(witness, submissionText({ old, proof, note }), stop)
  } catch (error) {
    throw new NotCosigned('unreachable', (error as Error).message, error)
  }
}

/** From the tiles alone: a log of many gigabytes is not read for it. */
function proofOf(directory: string, old: number, size: number): readonly Buffer[] {
  try {
    const tree = tiledTree(directory)
    if (tree === undefined || tree.size < size) throw new Error('they are not made yet')
    return consistencyProof(tree.roots, old, size)
  } catch (error) {
    throw new NotCosigned('unproven', `the tiles of the log give no proof: ${(error as Error).message}`, error)
  }
}

/** What a witness that is asked from another size than it knows says. */
function sizeIn({ status, contentType, body }: WitnessReply): number | undefined {
  const [, size] = /^(0|[1-9]\d{0,14})\n$/.exec(body) ?? []
  return status === 409 && contentType.startsWith('text/x.tlog.size') && size !== undefined ? Number(size) : undefined
}

/** The first line of a refusal, cut and without what a terminal would take for a command. */
function sentenceOf({ body }: WitnessReply): string {
  const line = (body.split('\n', 1)[0] ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 120)
  return line === '' ? '' : `: ${line}`
}
