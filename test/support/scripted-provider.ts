import type { TLSSocket } from 'node:tls'
import { startRawProvider } from './fake-provider.ts'
import { certificates, startWorld, type World, type WorldOptions } from './start-world.ts'

/** One request as a provider that speaks in bare bytes sees it: its head, and which request on its connection it is, from 0. */
export interface SeenRequest {
  readonly head: string
  readonly nth: number
}

/** A world whose provider says whatever bytes a test wants. */
export interface ScriptedWorld {
  readonly world: World
  /** Heads of all requests so far. */
  readonly seen: SeenRequest[]
  readonly connections: { accepted: number; open: number }
  /** What is done with the next requests: write, wait, or destroy. By default a small answer. */
  script: (socket: TLSSocket, request: SeenRequest) => void
  close(): Promise<void>
}

/** The usual answer of such a provider, with this body. */
export function plainAnswer(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Starts it. Bodies of requests are read and dropped as far as they come before the answer. */
export async function startScriptedWorld(options: WorldOptions = {}): Promise<ScriptedWorld> {
  const { provider: cast, authority } = await certificates()
  const connections = { accepted: 0, open: 0 }
  const seen: SeenRequest[] = []
  const scripted: Pick<ScriptedWorld, 'script'> = { script: (socket) => socket.write(plainAnswer('{}')) }
  const raw = await startRawProvider({ cert: cast.chainPem, key: cast.keyPem, ca: authority.certificatePem }, (socket) => {
    // Each write is a packet of its own at once.
    socket.setNoDelay(true)
    connections.accepted++
    connections.open++
    socket.once('close', () => connections.open--)
    let nth = 0
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (!/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(text) || end < 0) return
      const request = { head: text.slice(0, end), nth: nth++ }
      seen.push(request)
      result.script(socket, request)
    })
  })
  const world = await startWorld({ ...options, providerPort: raw.port })
  const result: ScriptedWorld = Object.assign(scripted, {
    world,
    seen,
    connections,
    async close() {
      await world.close()
      await raw.close()
    },
  })
  return result
}
