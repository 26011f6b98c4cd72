import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Issued } from '../support/certificate-authority.ts'
import { wireText } from '../support/consumer.ts'
import { type Certificates, world } from '../support/start-world.ts'

/** A kind of caller that may not fill the disk (decisions: the flood rule), and how each of its calls is to be answered. */
export interface FloodKind {
  readonly name: string
  /** The row that refuses it, and with what. */
  readonly rule: string
  readonly status: number
  readonly as: (certificates: Certificates) => Issued | null
  readonly text: () => string
}

/** Every kind: nobody, a revoked certificate, a malformed request, one beyond its rate, and one that is locked out. */
export const floodKinds: readonly FloodKind[] = [
  { name: 'no certificate', rule: 'client-certificate', status: 496, as: () => null, text: wireText },
  { name: 'revoked certificate', rule: 'client-certificate', status: 495, as: ({ badRevoked }) => badRevoked, text: wireText },
  {
    ...{ name: 'malformed', rule: 'wire-form', status: 400, as: ({ stranger }) => stranger },
    text: () => wireText({ extra: 'Ssp-To: 1\r\n' }),
  },
  {
    ...{ name: 'beyond its rate', rule: 'throttle', status: 429, as: ({ stranger }) => stranger },
    text: () => wireText().replace(world.consumer.asid, world.stranger.asid),
  },
  { name: 'locked out', rule: 'lockout', status: 403, as: ({ badFqdn }) => badFqdn, text: wireText },
]

/** What became of the calls of one kind. */
export interface FloodTally {
  /** Answers by their status. */
  readonly statuses: Map<number, number>
  /** Calls that got no answer, by why. */
  readonly unanswered: Map<string, number>
}

/** Calls as fast as it can, one call after the other, until it is told to stop; on a new connection wherever the last one was closed. Never rejects. */
export async function floodCaller(
  { port, certificates }: { readonly port: number; readonly certificates: Certificates },
  kind: FloodKind,
  tally: FloodTally,
  goesOn: () => boolean,
): Promise<void> {
  let socket: TLSSocket | undefined
  while (goesOn()) {
    try {
      socket ??= await dialled(port, certificates, kind.as(certificates))
      const { status, closes } = await asked(socket, kind.text())
      count(tally.statuses, status)
      if (!closes) continue
    } catch (error) {
      count(tally.unanswered, error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : 'unknown')
    }
    socket?.destroy()
    socket = undefined
  }
  socket?.destroy()
}

async function dialled(port: number, { authority }: Certificates, who: Issued | null): Promise<TLSSocket> {
  const own = who === null ? {} : { cert: who.chainPem, key: who.keyPem }
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.certificatePem, ...own })
  // Whatever happens to a connection is told by the call that is on it.
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}

/** Sends one request and reads one whole answer. */
function asked(socket: TLSSocket, text: string): Promise<{ readonly status: number; readonly closes: boolean }> {
  return new Promise((resolve, reject) => {
    let read = ''
    const end = (act: () => void): void => {
      socket.removeListener('data', take)
      socket.removeListener('close', lost)
      act()
    }
    const lost = (): void => end(() => reject(new Error('closed without an answer')))
    const take = (chunk: Buffer): void => {
      read += chunk.toString('latin1')
      const head = read.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(read.slice(0, head + 2))?.[1])
      if (head < 0 || read.length < head + 4 + length) return
      end(() => resolve({ status: Number(read.slice(9, 12)), closes: /\r\nconnection: close\r\n/i.test(read.slice(0, head + 2)) }))
    }
    socket.on('data', take)
    socket.once('close', lost)
    socket.write(text, 'latin1')
  })
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
