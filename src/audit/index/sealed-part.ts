import type { IndexPart } from './index-part.ts'
import type { OpenPart } from './open-part.ts'
import { dividedPostings, mostRows, numbersBlob, numbersIn, postingsBlob, postingsIn } from './postings.ts'
import { bucketCount, bucketOf, facetCount } from './search-terms.ts'
import type { IndexDatabase } from './sqlite-database.ts'

/** The key of an exchange by its part and its number in it. */
export function exchangeId(part: number, row: number): number {
  return part * mostRows + row
}

/** The part of the exchange with this key. */
export function partOf(id: number): number {
  return Math.floor(id / mostRows)
}

/** The keys that exchanges of a part have, first and last. */
export function idsOf(part: number): readonly [number, number] {
  return [exchangeId(part, 0), exchangeId(part, mostRows - 1)]
}

/** Of the key of a piece: part, facet, bucket, and which of the bucket's pieces it is. The first was made when the part was full, later ones of late outcomes. */
const mostPieces = 65_536
/** More than there are facets; the last one is for the times. */
const facetPlaces = 16
const timesPlace = facetPlaces - 1

function pieceKey(part: number, facet: number, bucket: number, piece: number): number {
  return ((part * facetPlaces + facet) * bucketCount + bucket) * mostPieces + piece
}

/** The keys that pieces of a part have, first and last. */
export function piecesOf(part: number): readonly [number, number] {
  return [pieceKey(part, 0, 0, 0), pieceKey(part + 1, 0, 0, 0) - 1]
}

/** A full part, whose postings are read from the file. */
export function sealedPart(
  database: IndexDatabase,
  { part, first, last, rows }: Pick<IndexPart, 'first' | 'last' | 'rows'> & { readonly part: number },
): IndexPart {
  const pieces = (from: number, to: number) =>
    database
      .rows({ sql: 'SELECT bytes FROM pieces WHERE key BETWEEN ? AND ? ORDER BY key', values: [from, to] })
      .map(({ bytes }) => bytes as Uint8Array)
  return {
    number: part,
    ...{ first, last, rows },
    postings: ({ facet, buckets }) =>
      buckets.flatMap(([lowest, highest]) =>
        pieces(pieceKey(part, facet, lowest, 0), pieceKey(part, facet, highest, mostPieces - 1)).map(postingsIn),
      ),
    times() {
      const [bytes] = pieces(pieceKey(part, timesPlace, 0, 0), pieceKey(part, timesPlace, 0, 0))
      return bytes === undefined ? new Float64Array(rows).fill(Number.NaN) : numbersIn(bytes)
    },
  }
}

/** Writes the postings of a part that is full, each bucket together, and gives the part as it is from now on. */
export function sealPart(database: IndexDatabase, part: OpenPart): IndexPart {
  const { number, first, last, rows } = part
  const put = (key: number, bytes: Uint8Array) => database.run('INSERT INTO pieces VALUES (?, ?)', key, bytes)
  for (let facet = 0; facet < facetCount; facet += 1) {
    const divided = dividedPostings(part.facet(facet), bucketCount, (term) => bucketOf(facet, term))
    for (const [bucket, postings] of divided) put(pieceKey(number, facet, bucket, 0), postingsBlob(postings))
  }
  put(pieceKey(number, timesPlace, 0, 0), numbersBlob(part.times()))
  database.run('INSERT INTO parts VALUES (?, ?, ?, ?)', number, first, last, rows)
  return sealedPart(database, { part: number, first, last, rows })
}

/** Adds terms of a row to a full part: each becomes a piece of its own, so that what is there is not written again. */
export function addToSealed(
  database: IndexDatabase,
  part: number,
  row: number,
  terms: readonly (readonly [facet: number, term: number])[],
): void {
  for (const [facet, term] of terms) {
    const from = pieceKey(part, facet, bucketOf(facet, term), 0)
    const found = database.row('SELECT max(key) AS last FROM pieces WHERE key BETWEEN ? AND ?', from, from + mostPieces - 1)
    const key = found?.['last'] === null ? from : Number(found?.['last']) + 1
    database.run('INSERT INTO pieces VALUES (?, ?)', key, postingsBlob({ terms: Uint32Array.of(term), rows: Uint16Array.of(row) }))
  }
}
