// The small service that nginx asks before it forwards (auth_request): may this certificate send as this system, and this system ask that one for
// this? It looks the pair up, and records the call in a group that is synced to disk before it answers. The nearest that nginx can come to what the
// proxy does. Arguments: Unix socket to listen on, file of the registry (JSON), file of the records, and the command line of nginx, which it runs, so
// that the CPU time of both is that of one group.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fdatasync, openSync, readFileSync, write } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'

interface Registry {
  /** Common names of certificates (CN=…), by the ASID that they may send as. */
  readonly names: Readonly<Record<string, string>>
  /** Interactions by ASID. */
  readonly interactions: Readonly<Record<string, readonly string[]>>
  /** URLs of endpoints by ASID. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>
}

interface Waiting {
  readonly line: string
  readonly response: ServerResponse
}

const [socket = '', registryFile = '', recordsFile = '', program = '', ...args] = process.argv.slice(2)
const registry = JSON.parse(readFileSync(registryFile, 'utf8')) as Registry
const held = new Map(Object.entries(registry.interactions).map(([asid, ids]) => [asid, new Set(ids)]))
const records = openSync(recordsFile, 'a', 0o600)
let group: Waiting[] = []
let writing = false
let previous = ''

/** Writes what has gathered as one group, and lets its calls pass once it is on disk. */
function commit(): void {
  if (writing || group.length === 0) return
  writing = true
  const now = group
  group = []
  const text = Buffer.from(now.map(({ line }) => line).join(''))
  const end = (error: Error | null): void => {
    writing = false
    for (const { response } of now) response.writeHead(error === null ? 204 : 500).end()
    commit()
  }
  write(records, text, (failed) => {
    if (failed) end(failed)
    else fdatasync(records, end)
  })
}

createServer((request, response) => {
  const header = (name: string): string => String(request.headers[name] ?? '')
  const [from, to, interaction] = [header('ssp-from'), header('ssp-to'), header('ssp-interactionid')]
  const target = header('x-target')
  const allowed =
    registry.names[from] === header('x-client-name').split(',')[0] &&
    held.get(from)?.has(interaction) === true &&
    held.get(to)?.has(interaction) === true &&
    registry.endpoints[to]?.some((url) => target.startsWith(url, 1)) === true
  if (!allowed) {
    response.writeHead(403).end()
    return
  }
  const body = JSON.stringify({ time: Date.now(), trace: header('ssp-traceid'), from, to, interaction, target, before: previous })
  previous = createHash('sha256').update(body).digest('base64')
  group.push({ line: `${body}\n`, response })
  commit()
  // nginx has as many connections to it as it has calls: none that comes is turned away while others are taken in.
}).listen({ path: socket, backlog: 4096 }, () => {
  const nginx = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  nginx.once('exit', (code) => process.exit(code ?? 1))
  process.once('SIGTERM', () => nginx.kill('SIGTERM'))
})
