import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, type JudgeProcess, startListening, startSpeaking } from './judge-process.ts'
import { measured, type RequestReading } from './reading.ts'

/** A parser of requests that nobody here wrote, and that decides what bytes mean. */
export interface RequestJudge {
  readonly name: string
  /** Every request that it reads in these bytes, until it closes the connection; `whole` says that nothing will follow them but a last request. */
  read(bytes: Buffer, whole: boolean): Promise<readonly RequestReading[]>
  close(): Promise<void>
}

/** A last request behind the bytes that are judged: read as one of its own only by who agrees where they end. */
export const lastRequest = 'GET /the-end HTTP/1.1\r\nHost: end\r\nConnection: close\r\n\r\n'

const echoed = /^x-read: ([A-Za-z0-9+/=]+)\r$/gim
const readLimitMs = 5_000
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Node's own server, in this process. */
export async function nodeJudge(): Promise<RequestJudge> {
  return judgeOn('Node', await startEcho())
}

/** `http.server` of Python, with the chunk reader of its `http.client`. */
export async function pythonJudge(python: string): Promise<RequestJudge> {
  return judgeOn("Python's http.server", await startSpeaking(python, [join(folder, 'judge.py'), 'requests']))
}

/** `net/http` of Go. */
export async function goJudge(go: string): Promise<RequestJudge> {
  const program = await buildGo(go)
  const started = await startSpeaking(program.path, ['requests'])
  return judgeOn("Go's net/http", { port: started.port, close: () => started.close().then(program.remove) })
}

/** Builds Go's judge into a folder of its own. */
export async function buildGo(go: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'ssp-judge-'))
  const path = join(directory, 'judge')
  await promisify(execFile)(go, ['build', '-o', path, join(folder, 'judge.go')], {
    env: { ...process.env, GOFLAGS: '-mod=mod', GO111MODULE: 'off' },
  })
  return { path, remove: () => rm(directory, { recursive: true, force: true }) }
}

/** nginx, which hands what it has read to Node's server. */
export async function nginxJudge(nginx: string): Promise<RequestJudge> {
  return behind('nginx', nginx, (port, recorder, directory) => ({
    args: ['-p', directory, '-c', 'judge.conf', '-e', 'stderr'],
    settings: `
daemon off; master_process off; pid ${directory}/pid; error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 100000; client_max_body_size 0; large_client_header_buffers 8 64k;
  underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
  server { listen 127.0.0.1:${port}; location / {
    proxy_pass http://127.0.0.1:${recorder}; proxy_set_header Host $http_host; proxy_buffer_size 128k; proxy_buffers 4 128k; proxy_busy_buffers_size 128k;
  } }
}`,
  }))
}

/** HAProxy, which hands what it has read to Node's server. */
export async function haproxyJudge(haproxy: string): Promise<RequestJudge> {
  return behind('HAProxy', haproxy, (port, recorder, directory) => ({
    args: ['-q', '-db', '-f', join(directory, 'judge.conf')],
    settings: `
global
  tune.bufsize 131072
  tune.http.maxhdr 500
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend judge
  bind 127.0.0.1:${port}
  default_backend recorder
backend recorder
  server recorder 127.0.0.1:${recorder}
`,
  }))
}

async function behind(
  name: string,
  program: string,
  configured: (port: number, recorder: number, directory: string) => { readonly args: readonly string[]; readonly settings: string },
): Promise<RequestJudge> {
  const directory = await mkdtemp(join(tmpdir(), 'ssp-judge-'))
  const recorder = await startEcho()
  const port = await freePort()
  const { args, settings } = configured(port, recorder.port, directory)
  await writeFile(join(directory, 'judge.conf'), settings)
  const started = await startListening(program, args, port)
  return judgeOn(name, {
    port,
    async close() {
      await started.close()
      await recorder.close()
      await rm(directory, { recursive: true, force: true })
    },
  })
}

/** A server of Node that tells in `X-Read` what it read of each request. */
async function startEcho(): Promise<JudgeProcess> {
  const server = createServer({ maxHeaderSize: 262_144 }, async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const headers = request.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [[name, all[at + 1]]] : []))
    const read = { method: request.method, target: request.url, headers, ...measured(Buffer.concat(chunks)) }
    response.writeHead(200, { 'X-Read': Buffer.from(JSON.stringify(read)).toString('base64'), 'Content-Length': 0 }).end()
  })
  server.maxHeadersCount = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function judgeOn(name: string, { port, close }: JudgeProcess): RequestJudge {
  return {
    name,
    close,
    async read(bytes, whole) {
      const said = await converse(port, whole ? Buffer.concat([bytes, Buffer.from(lastRequest)]) : bytes, whole)
      return [...said.matchAll(echoed)].map(([, text = '']) => JSON.parse(Buffer.from(text, 'base64').toString()) as RequestReading)
    },
  }
}

/** Sends bytes on a connection of its own and gives back all that comes until it is closed. */
function converse(port: number, bytes: Buffer, staysOpen: boolean): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const chunks: Buffer[] = []
    const timer = setTimeout(() => socket.destroy(), readLimitMs)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    if (staysOpen) socket.write(bytes)
    else socket.end(bytes)
  })
}
