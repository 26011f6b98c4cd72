// One of the files that an auditor can run, and check, without the rest: it imports nothing but its neighbour.
import { nodeHash } from './merkle-tree.ts'

/** RFC 9162 2.1.4.2: whether the proof shows that the newer tree begins with the older one. */
export function isConsistent(older: number, olderRoot: Buffer, size: number, root: Buffer, proof: readonly Buffer[]): boolean {
  if (older < 1 || older > size) return false
  if (older === size) return proof.length === 0 && olderRoot.equals(root)
  const nodes = [...proof]
  let [at, last] = [older - 1, size - 1]
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  const first = at === 0 ? olderRoot : nodes.shift()
  if (first === undefined) return false
  let [old, young] = [first, first]
  for (const node of nodes) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      old = nodeHash(node, old)
      young = nodeHash(node, young)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else young = nodeHash(young, node)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && old.equals(olderRoot) && young.equals(root)
}
