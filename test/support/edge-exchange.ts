import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { type Callable, open } from './consumer.ts'

/** One answer of the proxy, by its head. */
export interface AnswerHead {
  readonly status: number
  readonly origin: string
  readonly rule: string
  readonly exchange: string
  readonly closes: boolean
}

/** All that came back on one connection. */
export interface Conversation {
  readonly answers: readonly AnswerHead[]
  /** What came, byte for byte. */
  readonly bytes: Buffer
  /** The proxy ended the connection; else it was silent for so long that we did. */
  readonly closed: boolean
}

const head = /HTTP\/1\.1 ([0-9]{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/g
const verdict = /^ssp-verdict: origin=([a-z-]+), rule="([^"]*)", id="([0-9a-f]{32})"/im

/** Sends bytes on a new connection, perhaps in two writes with something between them, and keeps what comes back until the proxy closes it or has been silent for `quietMs`. */
export async function converse(
  inWorld: Callable,
  bytes: Buffer,
  {
    cut = 0,
    quietMs = 150,
    between = turn,
  }: { readonly cut?: number; readonly quietMs?: number; readonly between?: () => Promise<unknown> } = {},
): Promise<Conversation> {
  const socket = await open(inWorld)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = endOf(socket, quietMs)
  const at = cut % bytes.length
  if (at > 0) {
    socket.write(bytes.subarray(0, at))
    await between()
  }
  if (!socket.destroyed) socket.write(bytes.subarray(at))
  const closed = await ended
  const all = Buffer.concat(chunks)
  return { answers: answerHeads(all.toString('latin1')), bytes: all, closed }
}

/** True once the other side has ended the connection; false when it was silent for so long. The socket is closed in either case. */
async function endOf(socket: TLSSocket, quietMs: number): Promise<boolean> {
  let quiet = false
  const silent = () => {
    quiet = true
    socket.destroy()
  }
  // Before the first byte there is more patience: a busy machine may be slow to begin.
  let timer = setTimeout(silent, quietMs * 4)
  socket.on('data', () => {
    clearTimeout(timer)
    timer = setTimeout(silent, quietMs)
  })
  socket.on('error', () => undefined)
  socket.on('end', () => socket.end())
  await once(socket, 'close')
  clearTimeout(timer)
  return !quiet
}

/** The heads of the final answers in a stream. No body of the test world holds a status line. */
export function answerHeads(text: string): readonly AnswerHead[] {
  return [...text.matchAll(head)]
    .map(([, status = '', lines = '']) => {
      const [, origin = '', rule = '', exchange = ''] = verdict.exec(lines) ?? []
      return { status: Number(status), origin, rule, exchange, closes: /^connection: close\r$/im.test(lines) }
    })
    .filter(({ status }) => status >= 200)
}
