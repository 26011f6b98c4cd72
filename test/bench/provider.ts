// The provider of the benchmark: answers prebuilt bytes over mutual TLS, as cheaply as Node can, and reads whatever body it is sent. Arguments:
// folder of the certificates, port, how many milliseconds each answer takes (none), the file of the real record (none).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { answerBytes, recordPath, sizedPath } from './answers.ts'
import { benchTls } from './bench-tls.ts'

const [directory = '', port = '', delay = '0', recordFile = ''] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(directory, name))
const delayMs = Number(delay)
const headEnd = Buffer.from('\r\n\r\n')
const lengthLine = /\r\ncontent-length: *(\d+)/i
const fhirJson = 'application/fhir+json;charset=utf-8'

/** What is written of a body at a time, so that a gigabyte takes no gigabyte. */
const piece = Buffer.alloc(answerBytes.large, '{"resourceType":"Bundle","type":"searchset"} ')

function headOf(bytes: number, contentType: string): Buffer {
  const lines = ['HTTP/1.1 200 OK', `Content-Type: ${contentType}`, `Content-Length: ${bytes}`, 'Cache-Control: no-store', 'ETag: W/"23"']
  return Buffer.from(`${[...lines, `Date: ${new Date().toUTCString()}`].join('\r\n')}\r\n\r\n`)
}

const small = Buffer.concat([headOf(answerBytes.small, fhirJson), piece.subarray(0, answerBytes.small)])
const record = recordFile === '' ? small : whole(readFileSync(recordFile), fhirJson)
const large = whole(piece, 'application/msword')

function whole(body: Buffer, contentType: string): Buffer {
  return Buffer.concat([headOf(body.length, contentType), body])
}

function answer(socket: TLSSocket, line: string): void {
  const at = line.indexOf(sizedPath)
  if (at < 0) socket.write(line.includes(recordPath) ? record : small)
  else {
    const bytes = Number.parseInt(line.slice(at + sizedPath.length), 10)
    if (bytes === piece.length) socket.write(large)
    else pour(socket, bytes)
  }
}

/** Writes that many bytes as fast as they are taken. */
function pour(socket: TLSSocket, bytes: number): void {
  socket.write(headOf(bytes, 'application/msword'))
  let left = bytes
  const on = (): void => {
    while (left > 0) {
      const now = Math.min(left, piece.length)
      left -= now
      if (!socket.write(now === piece.length ? piece : piece.subarray(0, now)) && left > 0) {
        socket.once('drain', on)
        return
      }
    }
  }
  on()
}

function serve(socket: TLSSocket): void {
  let unread: Buffer = Buffer.alloc(0)
  /** Bytes of a request's body that have not come, and its request line: it is answered once they have. */
  let bodyLeft = 0
  let asked: string | undefined
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  const turn = (): boolean => {
    if (asked === undefined) {
      const end = unread.indexOf(headEnd)
      if (end < 0) return false
      const head = unread.toString('latin1', 0, end)
      asked = head.slice(0, head.indexOf('\r\n'))
      bodyLeft = Number(lengthLine.exec(head)?.[1] ?? 0)
      unread = unread.subarray(end + headEnd.length)
    }
    const taken = Math.min(bodyLeft, unread.length)
    bodyLeft -= taken
    unread = unread.subarray(taken)
    if (bodyLeft > 0) return false
    const line = asked
    asked = undefined
    if (delayMs === 0) answer(socket, line)
    else setTimeout(() => answer(socket, line), delayMs)
    return true
  }
  socket.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    while (turn());
  })
}

const server = createServer(
  {
    ...benchTls,
    cert: read('provider.pem'),
    key: read('provider.key'),
    ca: read('trusted.pem'),
    requestCert: true,
    rejectUnauthorized: true,
  },
  serve,
)
server.on('tlsClientError', () => undefined)
// A subject may dial all of its connections at once: none waits for a second try.
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
