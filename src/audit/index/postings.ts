/** Which rows of a part have which terms, pair by pair: `terms[n]` is a term of the row `rows[n]`. In no order. */
export interface Postings {
  readonly terms: Uint32Array
  /** Numbers of rows within their part. */
  readonly rows: Uint16Array
}

/** Postings to which more are added. */
export interface GrowingPostings {
  add(term: number, row: number): void
  /** What was added until now; another `add` may leave it as it is. */
  readonly all: Postings
}

/** The rows of a part are numbered below this: two bytes hold a number. */
export const mostRows = 65_536
const bytesEach = 6

/** Makes postings that hold nothing yet. */
export function growingPostings(): GrowingPostings {
  let terms = new Uint32Array(1024)
  let rows = new Uint16Array(1024)
  let length = 0
  return {
    add(term, row) {
      if (length === terms.length) {
        const [older, oldRows] = [terms, rows]
        terms = new Uint32Array(length * 2)
        rows = new Uint16Array(length * 2)
        terms.set(older)
        rows.set(oldRows)
      }
      terms[length] = term
      rows[length] = row
      length += 1
    },
    get all() {
      return { terms: terms.subarray(0, length), rows: rows.subarray(0, length) }
    },
  }
}

/** Postings divided by bucket, which is below `buckets`; those that are empty are left out. */
export function dividedPostings(
  { terms, rows }: Postings,
  buckets: number,
  bucketOf: (term: number) => number,
): ReadonlyMap<number, Postings> {
  const sizes = new Uint32Array(buckets)
  for (const term of terms) sizes[bucketOf(term)]! += 1
  const divided = new Map<number, Postings>()
  for (const [bucket, size] of sizes.entries())
    if (size > 0) divided.set(bucket, { terms: new Uint32Array(size), rows: new Uint16Array(size) })
  sizes.fill(0)
  for (let at = 0; at < terms.length; at += 1) {
    const term = terms[at]!
    const bucket = bucketOf(term)
    const to = divided.get(bucket)!
    const place = sizes[bucket]!
    to.terms[place] = term
    to.rows[place] = rows[at]!
    sizes[bucket] = place + 1
  }
  return divided
}

/** The postings' bytes: all terms, then all rows, as this machine orders bytes. */
export function postingsBlob({ terms, rows }: Postings): Uint8Array {
  const blob = new Uint8Array(terms.length * bytesEach)
  blob.set(new Uint8Array(terms.buffer, terms.byteOffset, terms.byteLength))
  blob.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), terms.byteLength)
  return blob
}

/** The postings that `postingsBlob` made these bytes of. */
export function postingsIn(blob: Uint8Array): Postings {
  const { buffer, byteOffset } = aligned(blob, Uint32Array.BYTES_PER_ELEMENT)
  const length = blob.byteLength / bytesEach
  return { terms: new Uint32Array(buffer, byteOffset, length), rows: new Uint16Array(buffer, byteOffset + length * 4, length) }
}

/** The bytes of numbers of 64 bits. */
export function numbersBlob(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

/** The numbers that `numbersBlob` made these bytes of. */
export function numbersIn(blob: Uint8Array): Float64Array {
  const { buffer, byteOffset } = aligned(blob, Float64Array.BYTES_PER_ELEMENT)
  return new Float64Array(buffer, byteOffset, blob.byteLength / Float64Array.BYTES_PER_ELEMENT)
}

function aligned(blob: Uint8Array, bytes: number): Uint8Array {
  return blob.byteOffset % bytes === 0 ? blob : blob.slice()
}
