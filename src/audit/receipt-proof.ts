// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { verify } from 'node:crypto'
import { rootByInclusion } from './merkle-tree.ts'
import type { NoteVerifier } from './signed-note.ts'

/** The records of one write, as the log's key signed them. */
export interface SignedGroup {
  readonly log: string
  /** Id of the key that signed, hexadecimal; receipts of before there could be several do not name it. */
  readonly key?: string
  /** Index of the group's first record. */
  readonly first: number
  readonly count: number
  /** Root of the log's whole tree with this group. */
  readonly treeRoot: Buffer
  /** Ed25519 over `groupStatement`. */
  readonly signature: Buffer
}

/** One record's proof that it was written, whole in itself. */
export interface ReceiptProof {
  readonly index: number
  readonly leaf: Buffer
  /** From the leaf to the root of the group's own tree (RFC 9162 2.1.3). */
  readonly path: readonly Buffer[]
  readonly group: SignedGroup
}

/** What is signed of a group. The first line keeps it from being taken for a checkpoint, or for anything else that is signed. */
export function groupStatement({ log, first, count, treeRoot }: Omit<SignedGroup, 'signature'>, groupRoot: Buffer): Buffer {
  return Buffer.from(`ssp-audit-group-1\n${log}\n${first}\n${count}\n${groupRoot.toString('base64')}\n${treeRoot.toString('base64')}\n`)
}

function bytesText(bytes: Buffer): string {
  return `:${bytes.toString('base64')}:`
}

/** The proof as the value of `Ssp-Receipt`, a dictionary of RFC 9651. */
export function receiptText({ index, leaf, path, group }: ReceiptProof): string {
  const { log, key, first, count, treeRoot, signature } = group
  const nodes = path.map(bytesText).join(' ')
  return `log="${log}", index=${index}, leaf=${bytesText(leaf)}, first=${first}, count=${count}, path=(${nodes}), tree=${bytesText(treeRoot)}, sig=${bytesText(signature)}${key === undefined ? '' : `, key="${key}"`}`
}

const hashForm = ':[A-Za-z0-9+/]{43}=:'
const receiptForm = new RegExp(
  `^log="([^"\\s]{1,128})", index=(\\d{1,15}), leaf=(${hashForm}), first=(\\d{1,15}), count=(\\d{1,15}), path=\\(((?:${hashForm} ?){0,64})\\), tree=(${hashForm}), sig=(:[A-Za-z0-9+/]{86}==:)(?:, key="([0-9a-f]{8})")?$`,
)

function bytesOf(text: string): Buffer {
  return Buffer.from(text.slice(1, -1), 'base64')
}

/** Reads the value of `Ssp-Receipt`, with or without the header's name before it; undefined where it is none. */
export function readReceipt(text: string): ReceiptProof | undefined {
  const [, log, index, leaf = '', first, count, path = '', tree = '', sig = '', key] =
    receiptForm.exec(text.trim().replace(/^ssp-receipt: */i, '')) ?? []
  if (log === undefined) return undefined
  const nodes = path === '' ? [] : path.trim().split(' ').map(bytesOf)
  const group = {
    log,
    first: Number(first),
    count: Number(count),
    treeRoot: bytesOf(tree),
    signature: bytesOf(sig),
    ...(key !== undefined && { key }),
  }
  return { index: Number(index), leaf: bytesOf(leaf), path: nodes, group }
}

/** What is wrong with a receipt by itself, in a sentence; undefined where the log's key did sign for this very record. */
export function receiptProblem({ index, leaf, path, group }: ReceiptProof, { name, id, key }: NoteVerifier): string | undefined {
  if (group.log !== name) return `it is of the log ${group.log}, not of ${name}`
  if (group.key !== undefined && group.key !== id.toString('hex'))
    return `it was signed with the key ${group.key}, not with ${id.toString('hex')}`
  const root = rootByInclusion(leaf, index - group.first, group.count, path)
  if (root === undefined) return 'its path does not fit its place in the group'
  return verify(null, groupStatement(group, root), key, group.signature) ? undefined : 'its signature does not hold'
}
