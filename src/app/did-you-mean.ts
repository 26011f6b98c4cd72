const longest = 64

/** The candidate that is nearest to what was written, if one is near enough to be a slip; letters' case, `-` and `_` count for nothing. */
export function didYouMean(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > longest) return undefined
  const folded = fold(written)
  let best: string | undefined
  let bestDistance = Math.floor(Math.max(folded.length, 3) / 3) + 1
  for (const candidate of candidates) {
    if (candidate.length > longest) continue
    const other = fold(candidate)
    // Each letter that one has more is an edit.
    if (Math.abs(folded.length - other.length) >= bestDistance) continue
    const distance = editDistance(folded, other)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function fold(text: string): string {
  return text.toLowerCase().replace(/[-_]/g, '')
}

/** How many letters must be put in, left out, changed, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const edits = [
        at(row, j - 1) + 1,
        at(last, j) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY,
      ]
      row.push(Math.min(...edits))
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}
