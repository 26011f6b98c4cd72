import type { TLSSocket } from 'node:tls'
import { startRawProvider } from './fake-provider.ts'
import { certificates } from './start-world.ts'

/** What the proxy sent between two answers, byte for byte. */
export interface Slice {
  readonly bytes: Buffer
  /** Its framing was complete and it was answered; else the proxy cut the connection in the middle of it. */
  readonly whole: boolean
}

/** A provider that keeps everything it is sent, and answers each request once its framing is complete. */
export interface RecordingProvider {
  readonly port: number
  /** In the order of their ends. */
  readonly slices: Slice[]
  /** Whether no request is in the middle of its coming. */
  readonly quiet: boolean
  close(): Promise<void>
}

const answer = 'HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 2\r\n\r\n'

/** Starts it on a free port of loopback, over mutual TLS. */
export async function startRecordingProvider(): Promise<RecordingProvider> {
  const { provider, authority } = await certificates()
  const slices: Slice[] = []
  const begun = new Set<TLSSocket>()
  const raw = await startRawProvider({ cert: provider.chainPem, key: provider.keyPem, ca: authority.certificatePem }, (socket) => {
    let held = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      begun.add(socket)
      if (!isWhole(held)) return
      slices.push({ bytes: held, whole: true })
      socket.write(held.subarray(0, 5).toString('latin1') === 'HEAD ' ? answer : `${answer}{}`)
      held = Buffer.alloc(0)
      begun.delete(socket)
    })
    socket.on('close', () => {
      if (held.length > 0) slices.push({ bytes: held, whole: false })
      begun.delete(socket)
    })
  })
  return {
    port: raw.port,
    slices,
    close: raw.close,
    get quiet() {
      return begun.size === 0
    },
  }
}

/** Whether a request is complete, in the only form that the proxy writes; what does not have it never is, and is judged as it stands. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = bytes.toString('latin1', 0, end + 2)
  const length = /\r\ncontent-length: ([0-9]+)\r\n/i.exec(head)?.[1]
  if (length !== undefined) return bytes.length >= end + 4 + Number(length)
  if (!/\r\ntransfer-encoding: chunked\r\n/i.test(head)) return true
  let at = end + 4
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return false
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    at = lineEnd + 2 + size + 2
    if (!(at <= bytes.length)) return false
    if (size === 0) return true
  }
}
