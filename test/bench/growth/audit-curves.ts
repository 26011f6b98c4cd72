import { type Frontier, grown, leafHash, rootOf } from '../../../src/audit/merkle-tree.ts'
import type { Curve } from './curve.ts'

const leaf = leafHash('{"v":1}')

/** What grows with what was recorded. */
export const auditCurves: readonly Curve[] = [
  {
    of: 'audit records',
    what: 'one more leaf of the tree, and its root',
    async make(count) {
      const before = grown({ size: 0, roots: [] }, Array<Buffer>(count).fill(leaf))
      let now: Frontier = before
      return {
        act(nth) {
          // It must not grow far beyond what is measured.
          if (nth % 100 === 0) now = before
          now = grown(now, [leaf])
          return rootOf(now)
        },
      }
    },
  },
]
