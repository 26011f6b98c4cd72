import { type KeyObject, sign } from 'node:crypto'
import { type Handover, handoverStatement } from './log-handover.ts'
import { type LogKey, openLogKeyFiles } from './log-key-files.ts'
import { type Frontier, grown, nodeHash, rootOf } from './merkle-tree.ts'
import { groupStatement, type ReceiptProof, type SignedGroup } from './receipt-proof.ts'
import { checkpointText, type NoteVerifier, noteOf, readCheckpoint, verifierText } from './signed-note.ts'

/** Signs what one log has written. */
export interface LogSigner {
  /** The public half of the key that signs: the machine's newest unless told otherwise. Throws where there is no key and none can be made. */
  readonly verifier: NoteVerifier
  /** The same as text. */
  readonly verifierText: string
  /** Signs a group that follows the tree, off the main thread; the tree with the group comes with it. */
  group(before: Frontier, leaves: readonly Buffer[]): Promise<Signed>
  /** The checkpoint of the tree, a signed note; until the first one under a new key is in its place, each bears the signatures of the keys of before as well. */
  checkpoint(tree: Frontier): Promise<string>
  /** This checkpoint is in its place: of the keys of before, those that signed it beside the one of now are done. */
  placed(checkpoint: string): void
  /** The key of this verifier text, one of before, signs the next checkpoint as well, if it is there and can be read. */
  alsoBy(verifier: string): void
  /** Signs with the key of this verifier text from now on; returns false, and changes nothing, where that key is not there. */
  use(verifier: string): boolean
  /** Signs over to the machine's newest key; undefined where it is the one that signs. */
  handover(): Handover | undefined
  /** What is wrong with the file of the key that signs, in a sentence: the next start would do without it. Undefined where nothing is, or none has signed yet. */
  readonly keyFault: string | undefined
}

/** A group that is signed, whose records have yet to be confirmed by the disk. */
export interface Signed {
  readonly tree: Frontier
  /** The proof of the record that stands so many places behind the group's first. */
  proof(place: number): ReceiptProof
}

/** All levels of the group's tree, leaves first; where a level's length is odd its last node rises to the next. */
function levelsOf(leaves: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const levels = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const next: Buffer[] = []
    for (let at = 0; at + 1 < level.length; at += 2) next.push(nodeHash(level[at] as Buffer, level[at + 1] as Buffer))
    if (level.length % 2 === 1) next.push(level.at(-1) as Buffer)
    levels.push(next)
    level = next
  }
  return levels
}

function pathIn(levels: readonly (readonly Buffer[])[], place: number): readonly Buffer[] {
  const path: Buffer[] = []
  let at = place
  for (const level of levels) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
    if (sibling !== undefined) path.push(sibling)
    at = Math.floor(at / 2)
  }
  return path
}

function signed(bytes: Uint8Array, key: KeyObject): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  sign(
    null,
    bytes,
    key,
    once((error, signature) => (error === null ? resolve(signature) : reject(error))),
  )
  return promise
}

type Settle = (error: Error | null, signature: Buffer) => void

/** What `sign` is given stays in memory until the next full collection (docs/decisions/0063): no more of it than this, and not what was signed. */
function once(settle: Settle): Settle {
  let waiting: Settle | undefined = settle
  return (error, signature) => {
    const told = waiting
    waiting = undefined
    told?.(error, signature)
  }
}

/** Signs the log of that name with the keys in `dataDirectory/keys`; the first is made at the first use where there is none. */
export function openLogSigner(dataDirectory: string, log: string): LogSigner {
  const files = openLogKeyFiles(dataDirectory, log)
  let current: LogKey | undefined
  /** Those before, until a checkpoint that bears their signatures, too, is in its place. */
  let previous: readonly LogKey[] = []
  /** The key that is handed over to: at hand once the handover is on disk, whatever can be read then. */
  let next: LogKey | undefined
  /** Id of the key that must sign and could not be read yet: no other signs in its place. */
  let wanted: string | undefined
  function keys(): LogKey {
    if (current === undefined && wanted !== undefined) {
      current = files.withId(wanted)
      if (current === undefined)
        throw new Error(`the key ${wanted}, which signs this log, is not there any more: start again to go on without it`)
    }
    current ??= files.newest()
    return current
  }
  return {
    get verifier() {
      return keys().verifier
    },
    get verifierText() {
      return verifierText(keys().verifier)
    },
    async group(before, leaves) {
      const levels = levelsOf(leaves)
      const tree = grown(before, leaves)
      const { key, verifier } = keys()
      const statement = { log, key: verifier.id.toString('hex'), first: before.size, count: leaves.length, treeRoot: rootOf(tree) }
      const signature = await signed(groupStatement(statement, levels.at(-1)?.[0] as Buffer), key)
      const group: SignedGroup = { ...statement, signature }
      return { tree, proof: (place) => ({ index: before.size + place, leaf: leaves[place] as Buffer, path: pathIn(levels, place), group }) }
    },
    async checkpoint(tree) {
      const text = checkpointText({ origin: log, size: tree.size, root: rootOf(tree) })
      const signatures = [keys(), ...previous].map(async ({ key, verifier }) => ({
        verifier,
        signature: await signed(Buffer.from(text), key),
      }))
      return noteOf(text, await Promise.all(signatures))
    },
    placed(note) {
      // One that was signed before the key changed leads nobody to the new one.
      if (typeof readCheckpoint(note, keys().verifier) === 'string') return
      previous = previous.filter(({ verifier }) => typeof readCheckpoint(note, verifier) === 'string')
    },
    alsoBy(text) {
      try {
        const one = files.withId(text.split('+')[1] ?? '')
        if (one !== undefined && one !== current) previous = [...previous, one]
      } catch {
        // It is a courtesy to whoever holds the key of before: the handover in the log is what counts.
      }
    },
    use(text) {
      const id = text.split('+')[1] ?? ''
      const known = [current, next].find((one) => one?.verifier.id.toString('hex') === id)
      if (current === undefined) wanted = id
      const found = known ?? files.withId(id)
      wanted = undefined
      if (found === undefined) return false
      if (current !== undefined && current !== found) previous = [...previous.filter((one) => one !== found), current]
      current = found
      return true
    },
    handover() {
      const { key, verifier, number } = keys()
      next = files.newest()
      // Where the newest was taken away, the log does not go back to one of before.
      if (next.number <= number) return undefined
      const [from, to] = [verifierText(verifier), verifierText(next.verifier)]
      return { from, to, signature: sign(null, handoverStatement(from, to), key).toString('base64') }
    },
    get keyFault() {
      if (current === undefined || files.stands(current)) return undefined
      const id = current.verifier.id.toString('hex')
      return `the file of the key ${id}, which signs ${log}, is gone, or cannot be read, or holds another: put it back, or run ssp audit rotate-key while this process still has it; after the next start nothing would vouch for what follows`
    },
  }
}
