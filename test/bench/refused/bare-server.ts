// The bare `node:https` server that refused calls are measured beside: it asks for a certificate, reads the request, and answers with the very bytes
// that the proxy answered, by the request's kind. Arguments: folder of the certificates, port, file of the answers, how many
// seconds an idle connection is kept (60).
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { benchTls } from '../bench-tls.ts'
import type { BareAnswer } from './measure-refused.ts'
import { kindHeader } from './refused-calls.ts'

const [directory = '', port = '', answersFile = '', idleSeconds = '60'] = process.argv.slice(2)
const read = (name: string) => readFileSync(join(directory, name), 'utf8')
const answers = JSON.parse(readFileSync(answersFile, 'utf8')) as Readonly<Record<string, BareAnswer>>

process.once('SIGTERM', () => process.exit())
const server = createServer(
  {
    ...benchTls,
    cert: read('server.pem'),
    key: read('server.key'),
    ca: read('trusted.pem'),
    requestCert: true,
    rejectUnauthorized: false,
    keepAliveTimeout: Number(idleSeconds) * 1000,
    noDelay: true,
  },
  (request, response) => {
    const answer = answers[String(request.headers[kindHeader])]
    response.writeHead(answer?.status ?? 500, answer?.reason, [...(answer?.headers ?? [])])
    response.end(answer?.body)
  },
)
server.listen(Number(port), '127.0.0.1')
