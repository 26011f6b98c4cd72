import type { TLSSocket } from 'node:tls'

/** A closing connection is read until the consumer has been silent this long … */
const silenceMs = 2_000
/** … or has had this many such spans to finish. */
const mostSpans = 5

/** Takes a connection away from Node's parser: what comes on it from now on is read and forgotten, and nothing of it becomes a request. */
export function deafen(socket: TLSSocket): void {
  socket.removeAllListeners('data')
  socket.on('data', () => undefined)
  socket.resume()
}

/**
 * Ends a connection on which bytes may still be coming: says so, reads and forgets until the consumer ends too or falls silent, then cuts.
 * Cutting at once would reset it, and the reset overtakes the answer (RFC 9112, 9.6).
 */
export function closeLingering(socket: TLSSocket): void {
  if (socket.destroyed) return
  // Node's server would end it a second time, which costs an error that nobody sees.
  socket.removeAllListeners('end')
  socket.end()
  let read = socket.bytesRead
  let spans = 0
  const timer = setInterval(() => {
    spans++
    if (socket.bytesRead === read || spans === mostSpans) socket.destroy()
    read = socket.bytesRead
  }, silenceMs)
  timer.unref()
  socket.once('close', () => clearInterval(timer))
}
