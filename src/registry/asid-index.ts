import { createTripleIndex, findTriple, type TripleTable } from './triple-index.ts'

const digits = 12
const half = 6

/**
 * The row that an index gives an ASID, or -1; what is not twelve digits is in none. The digits are compared as two numbers that stand beside the row: in a
 * large directory one read of memory that no cache holds, where a search among all its strings takes four.
 */
export function findAsid(index: TripleTable, asid: string): number {
  if (asid.length !== digits) return -1
  const first = numberAt(asid, 0)
  const second = numberAt(asid, half)
  return first < 0 || second < 0 ? -1 : findTriple(index, first, second, 0)
}

/** An index of ASIDs, each of twelve digits, and their rows. */
export function packAsids(asids: Iterable<readonly [asid: string, row: number]>): TripleTable {
  const index = createTripleIndex()
  for (const [asid, row] of asids) index.set(numberAt(asid, 0), numberAt(asid, half), 0, row)
  return index.table
}

/** Six characters as a number; -1 where one is no digit. */
function numberAt(text: string, start: number): number {
  let number = 0
  for (let at = start; at < start + half; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}
