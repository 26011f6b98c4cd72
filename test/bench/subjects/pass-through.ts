import { readFileSync } from 'node:fs'
import type { ServerOptions } from 'node:https'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { benchTls, patience, providerHost } from '../bench-tls.ts'

/** What a bare pass-through in Node is told on its command line. */
export interface PassThrough {
  readonly port: number
  readonly providerPort: number
  readonly providerConnections: number
  /** TLS of the consumer's leg: a certificate of our authority is required. */
  readonly server: ServerOptions
  /** TLS of the provider's leg: our certificate is presented, the provider's is verified. */
  readonly client: ConnectionOptions
}

/** Reads the command line of a pass-through, and the files that it names. */
export function passThrough(): PassThrough {
  const [directory = '', port, providerPort, providerConnections] = process.argv.slice(2)
  const read = (name: string) => readFileSync(join(directory, name), 'utf8')
  // With a profile asked for, Node writes it when the process ends by itself.
  process.once('SIGTERM', () => process.exit())
  return {
    port: Number(port),
    providerPort: Number(providerPort),
    providerConnections: Number(providerConnections),
    server: {
      ...benchTls,
      cert: read('server.pem'),
      key: read('server.key'),
      ca: read('trusted.pem'),
      requestCert: true,
      rejectUnauthorized: true,
      keepAliveTimeout: patience.idleSeconds * 1000,
      noDelay: true,
    },
    client: {
      ...benchTls,
      cert: read('client.pem'),
      key: read('client.key'),
      ca: read('trusted.pem'),
      servername: providerHost,
      rejectUnauthorized: true,
    },
  }
}

const origin = `https://${providerHost}`

/** The provider's path and query of a request target `/https://host/path?query`; undefined for any other host or form. */
export function providerPath(target: string): string | undefined {
  return target.startsWith(origin, 1) && target[origin.length + 1] === '/' ? target.slice(origin.length + 1) : undefined
}
