/**
 * What is wrong with how an answer's body is framed, of what the parser lets pass: any transfer coding but one single `chunked` would be
 * read to the end of the connection, or guessed at (RFC 9112, 6.3). `raw` is name, value, ….
 */
export function answerFramingFault(raw: readonly (Buffer | string)[]): string | undefined {
  let coded = false
  for (let i = 0; i + 1 < raw.length; i += 2) {
    // Compared by length first: this runs for every header of every answer.
    if (raw[i]!.length !== transferEncoding.length || raw[i]!.toString('latin1').toLowerCase() !== transferEncoding) continue
    if (coded || !isChunked(raw[i + 1]!.toString('latin1'))) return 'its Transfer-Encoding is not chunked alone'
    coded = true
  }
  return undefined
}

/** To the parser a tab behind the word makes another word of it, and it would read to the end of the connection. */
function isChunked(value: string): boolean {
  return /^[ \t]*chunked *$/i.test(value)
}

const transferEncoding = 'transfer-encoding'

/** Whether such an answer has no body whatever its headers say (RFC 9112, 6.3). What a careless provider sends all the same would be read as the next answer. */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
