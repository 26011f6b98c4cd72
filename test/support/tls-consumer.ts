import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { Issued } from './certificate-authority.ts'
import { type Callable, wireText } from './consumer.ts'
import { answersIn, type WireAnswer } from './wire.ts'

/** A consumer's connection whose TLS a test decides. */
export interface TlsConsumer {
  readonly socket: TLSSocket
  /** The session to resume by that the proxy last gave. */
  readonly session: Buffer | undefined
  /** Everything that has come so far, as latin1. */
  readonly text: string
  /** Settled once the connection is closed. */
  readonly closed: Promise<void>
  /** Sends an honest request (to another provider, or from another system, where `other` says so), and gives its answer; undefined where the connection closes without one. */
  ask(other?: { readonly target?: string; readonly to?: string; readonly from?: string }): Promise<WireAnswer | undefined>
}

/** Shakes hands with the proxy, as this party (null: without a certificate). Rejects where the handshake fails. */
export function shakeHands(
  { proxy, certificates }: Callable,
  { as, ...options }: { readonly as?: Issued | null } & ConnectionOptions = {},
): Promise<TlsConsumer> {
  const who = as === undefined ? certificates.consumer : as
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: proxy.dataPort,
      servername: 'localhost',
      ca: certificates.authority.certificatePem,
      ...(who !== null && { cert: who.chainPem, key: who.keyPem }),
      ...options,
    })
    let session: Buffer | undefined
    let text = ''
    let answered = 0
    socket.on('session', (ticket) => {
      session = ticket
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    const closed = new Promise<void>((ended) => socket.once('close', () => ended()))
    socket.on('error', reject)
    socket.once('secureConnect', () =>
      resolve({
        socket,
        closed,
        get session() {
          return session
        },
        get text() {
          return text
        },
        async ask({ target, to, from } = {}) {
          const nth = answered++
          const request = wireText(target === undefined ? {} : { target })
          const addressed = to === undefined ? request : request.replace(/^Ssp-To: \d+/m, `Ssp-To: ${to}`)
          socket.write(from === undefined ? addressed : addressed.replace(/^Ssp-From: \d+/m, `Ssp-From: ${from}`))
          for (;;) {
            const answer = answersIn(text).answers[nth]
            if (answer !== undefined || socket.destroyed || socket.readableEnded) return answer
            await new Promise<void>((more) => {
              const go = (): void => {
                socket.off('data', go).off('close', go)
                more()
              }
              socket.once('data', go).once('close', go)
            })
          }
        },
      }),
    )
  })
}
