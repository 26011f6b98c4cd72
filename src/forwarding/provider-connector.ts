import { lookup } from 'node:dns/promises'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import { type PresentedCertificate, presentedFrom } from '../pki/presented.ts'
import type { CertificateVerdict, ConsumerCertificate } from '../spine/arrival.ts'
import { refusedCertificate, timeout, tlsFailure, unreachable } from './dial-failures.ts'
import type { DialGuard } from './dial-guard.ts'
import { isOwnListener } from './own-listener.ts'
import { ProviderConnectError } from './provider-failure.ts'

/** Our certificate and the anchors, ready for use. */
export interface DialIdentity {
  readonly context: SecureContext
  /** Another one whenever certificate, anchors or revocations change. */
  readonly version: string
}

/** What may be dialled, and how long that may take. */
export interface DialTerms {
  readonly guard: DialGuard
  /** "host:443" to "address:port" that is dialled in its place. */
  readonly dialOverrides: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  readonly tlsTimeoutMs: number
}

/** What the connector needs to know about the provider's leg. The identity is asked for at each connection, so that a reload takes effect. */
export interface ConnectorParts {
  readonly identity: () => DialIdentity
  /** Resolves when the certificate can be judged; undefined where it can be now. Never rejects. */
  readonly ready: (presented: PresentedCertificate) => Promise<void> | undefined
  /** Judges the certificate that the provider presented, revocation included; whether its name is the right one is asked here. */
  readonly judge: (presented: PresentedCertificate) => CertificateVerdict
  /** Whether what was presented on a connection that is kept is still good now. */
  readonly isGood: (presented: PresentedCertificate) => boolean
  /** Told of every connection whose provider has proven who it is, so that it can be judged again. */
  readonly proven: (socket: TLSSocket, presented: PresentedCertificate) => void
  /** Asked at each connection, so that a reload takes effect. */
  readonly terms: () => DialTerms
  /** Ports of our own listeners: on an address of this machine they are never dialled. */
  readonly ownPorts: () => readonly number[]
}

/** A connection whose peer has proven that it is the host. */
export interface DialledHost {
  readonly socket: TLSSocket
  /** Whether its certificate is still good: it may have expired meanwhile, or the list of its issuer may have become too old. */
  readonly isGood: () => boolean
}

/** One host's way to be dialled. */
export type DialHost = () => Promise<DialledHost>

/** What is kept to resume a TLS session by. A client that resumes is shown no certificate: whose session it is was shown at its beginning. */
interface Session {
  readonly ticket: Buffer
  readonly version: string
  readonly presented: PresentedCertificate
}

/** Who a provider must prove to be: the registered host or, where its record pins one, the bearer of that certificate or key. */
export interface ProviderName {
  readonly host: string
  /** SHA-256 of the certificate or of its public key, lower-case hexadecimal. */
  readonly pin?: string
}

interface Address {
  readonly address: string
  readonly port: number
}

/**
 * Dials a registered provider: names are resolved once, each address is judged by the guard and then dialled as that address; the certificate must
 * be for the registered host, or the pinned one. TLS sessions are resumed per host, and forgotten when our own certificates, anchors or
 * revocations change.
 */
export function createDialHost(name: ProviderName, parts: ConnectorParts): DialHost {
  const { host } = name
  let session: Session | undefined
  const keep = (shown: Session): void => {
    session = shown
  }
  return async () => {
    const terms = parts.terms()
    const addresses = await addressesOf(host, terms)
    let last: unknown
    for (const address of addresses) {
      if (isOwnListener(address, parts.ownPorts()))
        throw new ProviderConnectError({ kind: 'loop', origin: 'policy', reason: `the endpoint ${host} leads to this proxy itself` })
      try {
        const identity = parts.identity()
        return await dial(name, address, parts, terms, identity, session?.version === identity.version ? session : undefined, keep)
      } catch (error) {
        last = error
        session = undefined
        if (error instanceof ProviderConnectError && error.failure.origin === 'provider-tls') break
      }
    }
    throw last
  }
}

async function addressesOf(host: string, { dialOverrides, guard, connectTimeoutMs }: DialTerms): Promise<readonly Address[]> {
  const override = dialOverrides[`${host}:443`]
  if (override !== undefined) {
    const colon = override.lastIndexOf(':')
    return [{ address: override.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(override.slice(colon + 1)) }]
  }
  const found = await withinTime(lookup(host, { all: true }), connectTimeoutMs, 'the name lookup took too long').catch((error: unknown) => {
    if (error instanceof ProviderConnectError) throw error
    throw unreachable(`the name ${host} cannot be resolved (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error)
  })
  const judged = found.map(({ address }) => ({ address, port: 443, verdict: guard(address) }))
  const allowed = judged.filter(({ verdict }) => verdict.allowed)
  const reason = judged.map(({ verdict }) => (verdict.allowed ? '' : verdict.reason)).find((text) => text !== '')
  if (allowed.length === 0)
    throw new ProviderConnectError({
      kind: 'unreachable',
      origin: 'policy',
      reason: `refused by the dial guard: ${reason ?? 'no address'}`,
    })
  return allowed
}

async function withinTime<T>(work: Promise<T>, milliseconds: number, reason: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProviderConnectError({ kind: 'timeout', origin: 'provider-network', reason })), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function dial(
  name: ProviderName,
  { address, port }: Address,
  parts: ConnectorParts,
  terms: DialTerms,
  identity: DialIdentity,
  session: Session | undefined,
  keep: (session: Session) => void,
): Promise<DialledHost> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: address,
      port,
      servername: name.host,
      secureContext: identity.context,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      // Ours is stricter, and asks at resumed sessions too: see nameFault.
      checkServerIdentity: () => undefined,
      ...(session && { session: session.ticket }),
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 30_000)
    let connected = false
    let presented: PresentedCertificate | undefined
    // Heard from the beginning: otherwise Node drops the tickets of TLS 1.2. They are told of only behind `secureConnect`.
    socket.on('session', (ticket) => {
      if (presented !== undefined) keep({ ticket, version: identity.version, presented })
    })
    let timer = setTimeout(
      () => fail(timeout('provider-network', `no TCP connection within ${terms.connectTimeoutMs} ms`)),
      terms.connectTimeoutMs,
    )
    function fail(error: ProviderConnectError): void {
      clearTimeout(timer)
      socket.off('error', failed)
      socket.on('error', () => undefined)
      socket.destroy()
      reject(error)
    }
    function failed(error: Error): void {
      fail(
        connected ? tlsFailure(error) : unreachable(`no TCP connection (${(error as NodeJS.ErrnoException).code ?? error.message})`, error),
      )
    }
    socket.on('error', failed)
    socket.once('connect', () => {
      connected = true
      clearTimeout(timer)
      timer = setTimeout(() => fail(timeout('provider-tls', `no TLS handshake within ${terms.tlsTimeoutMs} ms`)), terms.tlsTimeoutMs)
    })
    socket.once('close', () => {
      if (!connected || !socket.authorized) fail(unreachable('the provider closed the connection within the handshake'))
    })
    socket.once('secureConnect', () => {
      presented = socket.isSessionReused() ? session?.presented : presentedFrom(socket)
      if (presented === undefined) return fail(refusedCertificate('the provider presented no certificate'))
      const waiting = parts.ready(presented)
      if (waiting === undefined) prove(presented)
      else void waiting.then(() => (socket.destroyed ? undefined : prove(presented as PresentedCertificate)))
    })
    function prove(shown: PresentedCertificate): void {
      const verdict = parts.judge(shown)
      const fault =
        verdict.kind === 'good' ? nameFault(verdict.certificate, name) : verdict.kind === 'bad' ? `: ${verdict.reason}` : ' is not there'
      if (fault !== undefined) {
        fail(refusedCertificate(`the provider's certificate${fault}`))
        return
      }
      clearTimeout(timer)
      socket.off('error', failed)
      parts.proven(socket, shown)
      resolve({ socket, isGood: () => parts.isGood(shown) })
    }
  })
}

/** What is wrong with the names of a good certificate, worded to follow it: compared whole, without wildcards, and where the record has a pin, the pin instead. */
function nameFault({ names, sha256, publicKeySha256 }: ConsumerCertificate, { host, pin }: ProviderName): string | undefined {
  if (pin !== undefined)
    return pin === sha256 || pin === publicKeySha256 ? undefined : ' is not the one that the record of its endpoint pins'
  if (names.includes(host)) return undefined
  return ` is for ${names.slice(0, 5).join(', ') || 'no host by name'}, not for the registered host ${host}`
}
