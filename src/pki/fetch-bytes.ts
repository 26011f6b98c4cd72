import { lookup } from 'node:dns/promises'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'

/** Says why an address may not be dialled, or nothing where it may. */
export type MayNotDial = (address: string, port: number) => string | undefined

/** One request for revocation data. */
export interface FetchBytes {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** More is refused, whatever the length was said to be. */
  readonly maxBytes: number
  /** For everything together, from the look-up of the name to the last byte. */
  readonly timeoutMs: number
  readonly mayNotDial: MayNotDial
  /** PEM; for https, where nobody else is believed. */
  readonly anchors: readonly string[]
}

/** What came back: 200 with its bytes, or 304. */
export interface FetchedBytes {
  readonly status: 200 | 304
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * Fetches over http or https from the very address that was judged. Redirects are not followed, nothing is decoded, and the
 * connection ends with the answer. Rejects with an Error of one sentence, without the address.
 */
export async function fetchBytes(options: FetchBytes): Promise<FetchedBytes> {
  const signal = AbortSignal.timeout(options.timeoutMs)
  let sent: ClientRequest | undefined
  try {
    return await new Promise<FetchedBytes>((resolve, reject) => {
      // Not left to the request alone: of an end that Node tells nobody of, nobody would hear.
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      sent = send(options, signal, reject)
      sent.once('error', reject)
      // Unheard, Node closes the connection and tells of neither an answer nor an error.
      sent.once('upgrade', (_response, socket) => {
        socket.destroy()
        reject(new Error('it answered 101, and no other protocol is spoken here'))
      })
      sent.once('response', (response) => {
        take(response, options).then(resolve, reject)
      })
      sent.end(options.body)
    })
  } catch (error) {
    if (signal.aborted) throw new Error(`it did not answer within ${options.timeoutMs} ms`, { cause: error })
    throw error
  } finally {
    sent?.destroy()
  }
}

function send(
  { url, method, headers, body, mayNotDial, anchors }: FetchBytes,
  signal: AbortSignal,
  refuse: (why: Error) => void,
): ClientRequest {
  const { protocol, hostname, port: written } = new URL(url)
  const isTls = protocol === 'https:'
  const port = written === '' ? (isTls ? 443 : 80) : Number(written)
  const address = hostname.replace(/^\[|\]$/g, '')
  // Node looks up no address that is one already.
  const refusal = isIP(address) === 0 ? undefined : mayNotDial(address, port)
  const options = {
    method,
    headers: { ...headers, 'Accept-Encoding': 'identity', ...(body && { 'Content-Length': body.length }) },
    agent: false,
    signal,
    maxHeaderSize: 16_384,
    lookup: judgedLookup(port, mayNotDial),
  }
  const sent = isTls ? requestTls(url, { ...options, ca: [...anchors], minVersion: 'TLSv1.2' }) : requestPlain(url, options)
  if (refusal !== undefined) {
    sent.destroy()
    refuse(new Error(`the address may not be dialled: ${refusal}`))
  }
  return sent
}

/** Resolves a name to those of its addresses that may be dialled, so that what was judged is what is dialled. */
function judgedLookup(port: number, mayNotDial: MayNotDial): LookupFunction {
  return (name, options, done) => {
    lookup(name, { all: true }).then(
      (found) => {
        const judged = found.map((one) => ({ ...one, refusal: mayNotDial(one.address, port) }))
        const [first, ...others] = judged.filter(({ refusal }) => refusal === undefined)
        if (first === undefined) {
          done(new Error(`the address may not be dialled: ${judged[0]?.refusal ?? 'the name has none'}`), '')
        } else if (options.all === true) {
          done(
            null,
            [first, ...others].map(({ address, family }) => ({ address, family })),
          )
        } else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(new Error(`its name cannot be resolved (${error.code ?? 'unknown'})`, { cause: error }), ''),
    )
  }
}

async function take(response: IncomingMessage, { maxBytes, method }: FetchBytes): Promise<FetchedBytes> {
  const { statusCode = 0, headers } = response
  if (statusCode === 304 && method === 'GET') return { status: 304, headers, body: Buffer.alloc(0) }
  if (statusCode >= 300 && statusCode < 400) throw new Error(`it answered ${statusCode}, and redirects are not followed`)
  if (statusCode !== 200) throw new Error(`it answered ${statusCode}`)
  const coding = headers['content-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    throw new Error('its answer is compressed although nobody asked for that')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  if (!response.complete) throw new Error('its answer broke off')
  return { status: 200, headers, body: Buffer.concat(chunks) }
}
