import { type IncomingMessage, request } from 'node:http'

/** No proxy answers on this control socket. */
export class ProxyNotRunning extends Error {
  override readonly name = 'ProxyNotRunning'
}

/** A proxy's answer over its control socket; JSON is parsed, anything else is text. */
export interface ControlAnswer {
  readonly status: number
  readonly body: unknown
}

/** Longer than any reload takes. */
const patience = 120_000
const longestAnswer = 64 * 1024 * 1024

/** One call to the running proxy. Rejects with `ProxyNotRunning` where none listens, and with the system's error where it may not be asked or hangs up. */
export function callControl(socketPath: string, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<ControlAnswer> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    Host: 'localhost',
    Accept: 'application/json, text/plain;q=0.9',
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(text)),
    Connection: 'close',
  }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers, timeout: patience }, (response) => {
      answerOf(response).then(resolve, reject)
    })
    call.once('timeout', () => call.destroy(new Error(`The proxy behind ${socketPath} has not answered for ${patience / 1000} s.`)))
    call.once('error', (error: NodeJS.ErrnoException) => {
      const gone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED'
      reject(gone ? new ProxyNotRunning(`No proxy is running: nothing answers on ${socketPath}.`, { cause: error }) : error)
    })
    call.end(text)
  })
}

async function answerOf(response: IncomingMessage): Promise<ControlAnswer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestAnswer) throw new Error('The proxy’s answer is longer than 64 MiB.')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  const json = /^application\/(?:problem\+)?json\b/.test(response.headers['content-type'] ?? '')
  return { status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text }
}
