import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { type Callable, honestHeaders } from '../support/consumer.ts'
import { smallBundle } from '../support/fake-provider.ts'
import { world } from '../support/start-world.ts'

/** A kind of call, and how many of a hundred are of it. */
export interface SoakKind {
  readonly name: string
  readonly share: number
  /** What the answer's status must be. */
  readonly status: number
  readonly over: keyof Agents
  readonly large?: true
  readonly body?: Buffer
  readonly aborted?: true
  readonly headers?: Readonly<Record<string, string>>
}

/** How a call comes by its connection. */
interface Agents {
  readonly kept: Agent
  readonly fresh: Agent
  readonly resumed: Agent
  readonly nobody: Agent
}

const record = Buffer.from(JSON.stringify({ resourceType: 'Bundle', type: 'collection', note: 'x'.repeat(655_000) }))
const upload = Buffer.from(JSON.stringify({ resourceType: 'Parameters', note: 'x'.repeat(200_000) }))
const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'

/** Everything that a day has in it; the shares make a hundred. */
export const soakKinds: readonly SoakKind[] = [
  { name: 'small', share: 50, status: 200, over: 'kept' },
  { name: 'record', share: 10, status: 200, over: 'kept', large: true },
  { name: 'upload', share: 10, status: 200, over: 'kept', body: upload },
  { name: 'aborted', share: 5, status: 200, over: 'fresh', large: true, aborted: true },
  { name: 'new connection', share: 5, status: 200, over: 'fresh' },
  { name: 'resumed', share: 10, status: 200, over: 'resumed' },
  { name: 'no certificate', share: 5, status: 496, over: 'nobody' },
  { name: 'another ASID', share: 5, status: 495, over: 'kept', headers: { 'Ssp-From': world.stranger.asid } },
]

/** How a call ended at its consumer. */
export interface SoakAnswer {
  readonly status: number
  readonly resumed: boolean
  /** `Ssp-Verdict`, where there is one. */
  readonly verdict: string | undefined
}

/** Makes calls of every kind, each on the connection that its kind has. */
export interface SoakConsumer {
  /** Resolves with the answer once it is read to its end, or given up in its midst. Rejects where there is none. */
  call(kind: SoakKind): Promise<SoakAnswer>
  close(): void
}

/** A consumer of a proxy; it keeps at most 64 connections. */
export function soakConsumer({ proxy, certificates }: Callable): SoakConsumer {
  const agents: Agents = {
    // In turn, so that none stands idle until the proxy closes it.
    kept: new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 64, scheduling: 'fifo' }),
    fresh: new Agent({ maxCachedSessions: 0 }),
    resumed: new Agent(),
    nobody: new Agent({ maxCachedSessions: 0 }),
  }
  const { authority, consumer } = certificates
  return {
    async call(kind) {
      const interaction = kind.body === undefined ? world.searchPatient : structured
      const target = kind.body === undefined ? `Patient?identifier=${kind.large ? 'large' : 'x'}` : 'Patient/$gpc.getstructuredrecord'
      const sent = request({
        host: '127.0.0.1',
        port: proxy.dataPort,
        servername: 'localhost',
        ca: authority.certificatePem,
        ...(kind.over !== 'nobody' && { cert: consumer.chainPem, key: consumer.keyPem }),
        agent: agents[kind.over],
        method: kind.body === undefined ? 'GET' : 'POST',
        path: `/${world.root}/${target}`,
        headers: { ...honestHeaders(interaction), ...(kind.body && { 'Content-Type': 'application/fhir+json' }), ...kind.headers },
      })
      sent.end(kind.body)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      const { 'ssp-verdict': verdict } = response.headers
      const answer = {
        status: response.statusCode ?? 0,
        resumed: (response.socket as TLSSocket).isSessionReused(),
        verdict: verdict?.toString(),
      }
      if (kind.aborted) {
        // What is given up says so with an error of its own.
        sent.on('error', () => undefined)
        response.on('error', () => undefined)
        sent.destroy()
        return answer
      }
      response.resume()
      await once(response, 'end')
      return answer
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** How the provider answers: a record where the call asks for one; it keeps nothing. */
export async function soakAnswer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
  asked.resume()
  await once(asked, 'end')
  const body = asked.url?.includes('identifier=large') ? record : smallBundle
  response.writeHead(200, { 'Content-Type': 'application/fhir+json;charset=utf-8', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
