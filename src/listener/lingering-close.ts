import type { TLSSocket } from 'node:tls'

/** A closing connection is read until the consumer has been silent this long … */
const silenceMs = 2_000
/** … or has had this many such spans to finish. */
const mostSpans = 5

/**
 * Ends a connection on which bytes may still be coming: sends what has been written, says so, then reads and forgets until the consumer ends too or falls
 * silent, then cuts. Cutting at once would reset it, and the reset overtakes the answer (RFC 9112, 9.6). Whoever listens to it must forget what comes.
 */
export function closeLingering(socket: TLSSocket): void {
  if (socket.destroyed) return
  socket.end(() => linger(socket))
  socket.resume()
}

function linger(socket: TLSSocket): void {
  if (socket.destroyed) return
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
