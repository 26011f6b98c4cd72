// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node.
import { hash } from 'node:crypto'

/** A tree as far as going on needs it: the roots of its perfect subtrees, the largest first (RFC 9162 2.1). */
export interface Frontier {
  readonly size: number
  readonly roots: readonly Buffer[]
}

/** The tree without a leaf. */
export const emptyTree: Frontier = { size: 0, roots: [] }

const digestBytes = 32
/** Bytes for 128 digests. */
const slabBytes = 4096
/** Where the next digests go. Node's own pool has 64 KiB, all of which each digest that a tree keeps would keep, too. */
let slab = Buffer.allocUnsafeSlow(slabBytes)
let taken = 0

/** SHA-256 as bytes. By way of a string of 32 characters: to have Node make a buffer of each digest costs more than the digest itself. */
function sha256(bytes: string | Uint8Array): Buffer {
  if (taken === slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    taken = 0
  }
  slab.write(hash('sha256', bytes, 'latin1'), taken, 'latin1')
  taken += digestBytes
  return slab.subarray(taken - digestBytes, taken)
}

/** RFC 9162 2.1.1: SHA-256 over 0x00 and the leaf; here the leaf is a record's entry as it stands in its line, which is ASCII. */
export function leafHash(entry: string): Buffer {
  return sha256(`\0${entry}`)
}

/** The same of bytes of which the first is the 0x00. */
export function hashedLeaf(marked: Uint8Array): Buffer {
  return sha256(marked)
}

const pair = Buffer.alloc(65, 1)

/** RFC 9162 2.1.1: SHA-256 over 0x01 and both children. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1)
  pair.set(right, 33)
  return sha256(pair)
}

/** The tree with these leaves added. */
export function grown({ size, roots }: Frontier, leaves: readonly Buffer[]): Frontier {
  const next = [...roots]
  let count = size
  for (const leaf of leaves) {
    let root = leaf
    for (let bits = count; bits % 2 === 1; bits = Math.floor(bits / 2)) root = nodeHash(next.pop() as Buffer, root)
    next.push(root)
    count += 1
  }
  return { size: count, roots: next }
}

/** The root of the whole tree; SHA-256 of nothing for an empty one. */
export function rootOf({ roots }: Frontier): Buffer {
  return roots.length === 0 ? sha256('') : roots.reduceRight((right, left) => nodeHash(left, right))
}

/** How many roots a tree of this size has. */
export function rootCount(size: number): number {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}

/** The largest power of two below the size, which is 2 or more. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/**
 * The root over some leaves of a tree: those from `from` up to, not including, `to`. Proofs ask for ranges only that begin at a multiple of
 * the smallest power of two that is as long as they are.
 */
export type RangeRoots = (from: number, to: number) => Buffer

/** The roots over leaves that are all at hand. */
export function rangesOf(leaves: (index: number) => Buffer): RangeRoots {
  return (from, to) => {
    let tree = emptyTree
    for (let index = from; index < to; index += 1) tree = grown(tree, [leaves(index)])
    return rootOf(tree)
  }
}

/** RFC 9162 2.1.3.1: what shows that the leaf stands at `index` of the tree of the first `size` leaves. */
export function inclusionProof(roots: RangeRoots, index: number, size: number, from = 0): readonly Buffer[] {
  if (size - from <= 1) return []
  const middle = from + splitOf(size - from)
  return index < middle
    ? [...inclusionProof(roots, index, middle, from), roots(middle, size)]
    : [...inclusionProof(roots, index, size, middle), roots(from, middle)]
}

/** RFC 9162 2.1.3.2: the root that leaf, place and proof lead to; undefined where the proof has not the length that they ask for. */
export function rootByInclusion(leaf: Buffer, index: number, size: number, proof: readonly Buffer[]): Buffer | undefined {
  if (!(index >= 0 && index < size)) return undefined
  let root = leaf
  let [at, last] = [index, size - 1]
  for (const node of proof) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      root = nodeHash(node, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else root = nodeHash(root, node)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : undefined
}

/** RFC 9162 2.1.4.1: what shows that the tree of `older` leaves, of which there is one or more, is the beginning of that of `size`. */
export function consistencyProof(roots: RangeRoots, older: number, size: number): readonly Buffer[] {
  function part(until: number, from: number, to: number, whole: boolean): readonly Buffer[] {
    if (until === to) return whole ? [] : [roots(from, to)]
    const middle = from + splitOf(to - from)
    return until <= middle
      ? [...part(until, from, middle, whole), roots(middle, to)]
      : [...part(until, middle, to, false), roots(from, middle)]
  }
  return part(older, 0, size, true)
}
