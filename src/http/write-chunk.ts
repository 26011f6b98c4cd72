import type { Writable } from 'node:stream'

/** The chunk that ends a body, without trailers. */
export const lastChunk = '0\r\n\r\n'

/** Writes a piece of a body as a chunk (RFC 9112, 7.1); an empty one, which would end the body, is passed over. False when the reader does not keep up. */
export function writeChunk(stream: Writable, piece: Buffer): boolean {
  if (piece.length === 0) return !stream.writableNeedDrain
  stream.cork()
  stream.write(`${piece.length.toString(16)}\r\n`, 'latin1')
  stream.write(piece)
  const keepsUp = stream.write('\r\n', 'latin1')
  stream.uncork()
  return keepsUp
}
