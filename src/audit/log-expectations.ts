// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { type Frontier, rootOf } from './merkle-tree.ts'
import type { ReceiptProof } from './receipt-proof.ts'
import type { Checkpoint } from './signed-note.ts'

/** Something that the log should hold and does not. */
export interface Unmet {
  /** Index of the first record of which that is sure, or can be. */
  readonly badIndex: number
  readonly problem: string
}

/** Holds a log, record by record, against what was remembered of it. */
export interface Remembered {
  /** Takes the tree with the record of that index and its leaf as the last. */
  met(tree: Frontier, leaf: Buffer): Unmet | undefined
  /** What was remembered of records that the log, of that size, does not have. */
  missing(size: number): Unmet | undefined
}

function splitView(checkpoints: readonly Checkpoint[]): Unmet | undefined {
  for (const [position, { size, root }] of checkpoints.entries()) {
    const other = checkpoints[position + 1]
    if (other?.size !== size || other.root.equals(root)) continue
    const badIndex = checkpoints.findLast((one) => one.size < size)?.size ?? 0
    return { badIndex, problem: `two checkpoints of ${size} records have different roots: the log was shown in two versions` }
  }
  return undefined
}

/** Two receipts of one record, or of one state of the log, that cannot both be of the same log. */
function splitReceipts(receipts: readonly ReceiptProof[]): Unmet | undefined {
  for (const [position, one] of receipts.entries()) {
    for (const other of receipts.slice(0, position)) {
      const twoLeaves = one.index === other.index && !one.leaf.equals(other.leaf)
      const twoRoots = endOf(one) === endOf(other) && !one.group.treeRoot.equals(other.group.treeRoot)
      if (!twoLeaves && !twoRoots) continue
      const badIndex = Math.min(one.group.first, other.group.first)
      return {
        badIndex,
        problem: `the receipts of records ${other.index} and ${one.index} contradict each other: the log was shown in two versions`,
      }
    }
  }
  return undefined
}

function endOf({ group }: ReceiptProof): number {
  return group.first + group.count
}

/** What checkpoints and receipts ask of a log; at once what is wrong where two of them contradict each other. */
export function remembered(checkpoints: readonly Checkpoint[], receipts: readonly ReceiptProof[]): Remembered | Unmet {
  const ordered = checkpoints.toSorted((a, b) => a.size - b.size).filter(({ size }) => size > 0)
  const split = splitView(ordered) ?? splitReceipts(receipts)
  if (split !== undefined) return split
  const roots = new Map(ordered.map(({ size, root }) => [size, root]))
  const leaves = new Map(receipts.map(({ index, leaf }) => [index, leaf]))
  const groups = new Map(receipts.map((receipt) => [endOf(receipt), receipt.group.treeRoot]))
  const sources = [
    { what: 'checkpoint', roots },
    { what: 'receipt', roots: groups },
  ]
  let agreed = 0
  return {
    met(tree, leaf) {
      const { size } = tree
      const wanted = leaves.get(size - 1)
      if (wanted !== undefined && !wanted.equals(leaf)) return { badIndex: size - 1, problem: 'the record is not the one of its receipt' }
      for (const { what, roots } of sources) {
        const root = roots.get(size)
        if (root === undefined) continue
        if (!rootOf(tree).equals(root)) {
          return {
            badIndex: agreed,
            problem: `records ${agreed} to ${size - 1} are not all those that the ${what} of ${size} records was signed for`,
          }
        }
        agreed = size
      }
      return undefined
    },
    missing(size) {
      const most = Math.max(0, ...roots.keys(), ...groups.keys())
      return most > size
        ? {
            badIndex: size,
            problem: `the log ends before record ${most - 1}, of which there is a signed ${roots.has(most) ? 'checkpoint' : 'receipt'}`,
          }
        : undefined
    },
  }
}
