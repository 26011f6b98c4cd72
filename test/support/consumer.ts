import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { tokenClaims, unsignedToken } from '../../src/cli/token-claims.ts'
import { findInteraction } from '../../src/spine/interaction-id.ts'
import type { Issued } from './certificate-authority.ts'
import { type Certificates, world } from './start-world.ts'

/** Where a consumer calls: a world whose proxy runs in this process or in one of its own. */
export interface Callable {
  readonly proxy: { readonly dataPort: number }
  readonly certificates: Certificates
}

/** One call as a consumer makes it. Whatever is left out is as an honest consumer would have it. */
export interface Call {
  readonly method?: string
  /** The whole request target; by default the raw form of `url`. */
  readonly target?: string
  /** The provider's URL. */
  readonly url?: string
  readonly interaction?: string
  /** Headers to change: undefined leaves one out, a list sends it several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string | Buffer
  /** Who calls; null presents no certificate. */
  readonly as?: Issued | null
}

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** The exchange id of `Ssp-Verdict`. */
  readonly exchange: string
  /** Origin and rule of `Ssp-Verdict`. */
  readonly verdict: { readonly origin: string; readonly rule: string }
  /** The verdict's name in the catalogue, as `Ssp-Verdict` has it. */
  readonly code: string
  /** Whether the proxy closes the connection behind the answer. */
  readonly closes: boolean
}

/** A valid audit token for the consumer. */
export function tokenFor(interaction: string, change: Readonly<Record<string, unknown>> = {}): string {
  const { asid, odsCode, partyKey } = world.consumer
  const known = findInteraction(interaction)
  const claims = tokenClaims({
    profile: known?.profile ?? 'stu3',
    consumer: { asid, odsCode, partyKey, interactions: new Set() },
    endpointUrl: world.root,
    scope: known?.scope ?? 'patient/*.read',
    issuedAt: Math.floor(Date.now() / 1000),
  })
  return unsignedToken({ ...claims, ...change })
}

/** The headers of an honest call. */
export function honestHeaders(interaction: string): Record<string, string> {
  return {
    'Ssp-TraceID': randomUUID(),
    'Ssp-From': world.consumer.asid,
    'Ssp-To': world.provider.asid,
    'Ssp-InteractionID': interaction,
    Authorization: `Bearer ${tokenFor(interaction)}`,
    Accept: 'application/fhir+json',
  }
}

/** How the consumers' port is dialled by this party; null: by one that has no certificate. */
export function dialledBy({ proxy, certificates }: Callable, who: Issued | null) {
  return {
    host: '127.0.0.1',
    port: proxy.dataPort,
    servername: 'localhost',
    ca: certificates.authority.certificatePem,
    ...(who !== null && { cert: who.chainPem, key: who.keyPem }),
  }
}

/** Makes one call on a connection of its own. */
export async function call(here: Callable, change: Call = {}): Promise<Answer> {
  const interaction = change.interaction ?? world.searchPatient
  const headers = {
    ...honestHeaders(interaction),
    ...(change.body !== undefined && { 'Content-Type': 'application/fhir+json' }),
    ...change.headers,
  }
  const who = change.as === undefined ? here.certificates.consumer : change.as
  // One that would keep the connection, so that it is the proxy who closes it.
  const agent = new Agent({ keepAlive: true })
  const answer = new Promise<Answer>((resolve, reject) => {
    const sent = request(
      {
        ...dialledBy(here, who),
        agent,
        method: change.method ?? 'GET',
        path: change.target ?? `/${change.url ?? `${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018`}`,
        headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<string, string>,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const [, origin = '', rule = '', exchange = '', code = ''] =
            /^origin=([a-z-]+), rule="([^"]*)", id="([0-9a-f]{32})", code=([A-Z_]+)$/.exec(String(response.headers['ssp-verdict'])) ?? []
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: Buffer.concat(chunks),
            exchange,
            verdict: { origin, rule },
            code,
            closes: response.headers.connection === 'close',
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(change.body)
  })
  return answer.finally(() => agent.destroy())
}

/** A bare TLS connection of a consumer, resolved once the handshake is done. */
export function open({ proxy, certificates }: Callable, as: Issued | null = certificates.consumer): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: proxy.dataPort,
      servername: 'localhost',
      ca: certificates.authority.certificatePem,
      ...(as !== null && { cert: as.chainPem, key: as.keyPem }),
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => resolve(socket))
  })
}

/** Sends bytes on a connection of its own and gives back everything until the proxy closes it, or until it has been silent for `quietMs`. */
export async function speak(
  inWorld: Callable,
  bytes: string | Buffer,
  { as, quietMs = 500 }: { readonly as?: Issued | null; readonly quietMs?: number } = {},
): Promise<{ readonly text: string; readonly closed: boolean }> {
  const socket = await open(inWorld, as)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const done = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text: Buffer.concat(chunks).toString('latin1'), closed })
    }
    // Before the first byte there is more patience: a busy machine may be slow to begin.
    let timer = setTimeout(() => done(false), Math.max(quietMs * 4, 3_000))
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      clearTimeout(timer)
      timer = setTimeout(() => done(false), quietMs)
    })
    socket.on('end', () => done(true))
    socket.on('close', () => done(true))
    socket.on('error', () => done(true))
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })
}

/** The text of an honest request as it stands on the wire; `extra` are further header lines, each with its CRLF. */
export function wireText(
  change: {
    readonly method?: string
    readonly target?: string
    readonly interaction?: string
    readonly extra?: string
    readonly body?: string
    readonly version?: string
  } = {},
): string {
  const headers = honestHeaders(change.interaction ?? world.searchPatient)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${change.method ?? 'GET'} ${change.target ?? `/${world.root}/Patient?identifier=x`} HTTP/${change.version ?? '1.1'}\r\nHost: localhost\r\n${lines.join('')}${change.extra ?? ''}\r\n${change.body ?? ''}`
}
