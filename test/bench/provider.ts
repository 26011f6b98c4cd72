// The provider of the benchmark: answers prebuilt bytes over mutual TLS, as cheaply as Node can. Arguments: folder of the certificates, port, and
// how many milliseconds each answer takes (none).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import { answerBytes, largePath } from './answers.ts'
import { benchTls } from './bench-tls.ts'

const [directory = '', port = '', delay = '0'] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(directory, name))
const delayMs = Number(delay)
const headEnd = Buffer.from('\r\n\r\n')

function answerOf(bytes: number, contentType: string): Buffer {
  const body = Buffer.alloc(bytes, '{"resourceType":"Bundle","type":"searchset"} ')
  const head = [
    'HTTP/1.1 200 OK',
    `Content-Type: ${contentType}`,
    `Content-Length: ${bytes}`,
    'Cache-Control: no-store',
    'ETag: W/"23"',
    `Date: ${new Date().toUTCString()}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

const small = answerOf(answerBytes.small, 'application/fhir+json;charset=utf-8')
const large = answerOf(answerBytes.large, 'application/msword')

function serve(socket: TLSSocket): void {
  let unread: Buffer = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    for (let end = unread.indexOf(headEnd); end >= 0; end = unread.indexOf(headEnd)) {
      // Requests of the benchmark have no body: the next one begins behind the head.
      const line = unread.toString('latin1', 0, unread.indexOf('\r\n'))
      const answer = line.includes(largePath) ? large : small
      if (delayMs === 0) socket.write(answer)
      else setTimeout(() => socket.write(answer), delayMs)
      unread = unread.subarray(end + headEnd.length)
    }
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
server.listen(Number(port), '127.0.0.1')
