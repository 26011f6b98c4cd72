import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { startSpeaking } from './judge-process.ts'
import { type AnswerReading, measured, type NoAnswer } from './reading.ts'
import { buildGo } from './request-judges.ts'

/** A client's parser that nobody here wrote. */
export interface AnswerJudge {
  readonly name: string
  /** The answer that it reads in these bytes, behind which the connection ends. */
  read(method: string, bytes: Buffer): Promise<AnswerReading | NoAnswer>
  close(): Promise<void>
}

/** Node's own client, in this process. */
export function nodeAnswerJudge(): AnswerJudge {
  return { name: "Node's client", read: readAsNode, close: async () => undefined }
}

/** `http.client` of Python. */
export async function pythonAnswerJudge(python: string): Promise<AnswerJudge> {
  const script = join(fileURLToPath(new URL('.', import.meta.url)), 'judge.py')
  const started = await startSpeaking(python, [script, 'answers'])
  return asked("Python's http.client", started.port, started.close)
}

/** `net/http` of Go, as a client. */
export async function goAnswerJudge(go: string): Promise<AnswerJudge> {
  const program = await buildGo(go)
  const started = await startSpeaking(program.path, ['answers'])
  return asked("Go's net/http", started.port, () => started.close().then(program.remove))
}

/** A judge that takes one answer after the other on one connection. */
async function asked(name: string, port: number, close: () => Promise<void>): Promise<AnswerJudge> {
  const socket: Socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  return {
    name,
    async read(method, bytes) {
      socket.write(Buffer.concat([Buffer.from(`${method} ${bytes.length}\n`), bytes]))
      const read = JSON.parse((await lines.next()).value as string) as AnswerReading & Partial<NoAnswer>
      return read.fault === undefined ? read : { fault: read.fault }
    },
    async close() {
      socket.destroy()
      await close()
    },
  }
}

function readAsNode(method: string, bytes: Buffer): Promise<AnswerReading | NoAnswer> {
  return new Promise((resolve) => {
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    const sent = request({ method, host: 'judged', createConnection: () => connection, maxHeaderSize: 262_144 })
    const fault = (error: Error) => resolve({ fault: error.message })
    sent.on('error', fault)
    sent.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fault)
      response.on('end', () => {
        if (!response.complete) return fault(new Error('the answer is cut off'))
        const headers = response.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [[name, all[at + 1] ?? ''] as const] : []))
        resolve({ status: response.statusCode ?? 0, headers, ...measured(Buffer.concat(chunks)), rest: 0 })
      })
    })
    sent.end()
    connection.push(bytes)
    connection.push(null)
  })
}
