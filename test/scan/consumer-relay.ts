import { createServer, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { honestHeaders } from '../support/consumer.ts'
import type { Certificates } from '../support/start-world.ts'

/** Gives a program that knows no client certificates the consumer's, and the headers of an honest call. */
export interface ConsumerRelay {
  readonly port: number
  close(): void
}

/** Takes plain HTTP on a free port and passes it on to the proxy as it comes, as slowly as it comes, and back as slowly as it is read. */
export async function startConsumerRelay(
  proxyPort: number,
  { authority, consumer }: Certificates,
  interaction: string,
): Promise<ConsumerRelay> {
  const open = new Set<{ destroy(): unknown }>()
  const server = createServer((plain: Socket) => {
    const secure = connect({
      host: '127.0.0.1',
      port: proxyPort,
      servername: 'localhost',
      ca: authority.certificatePem,
      cert: consumer.chainPem,
      key: consumer.keyPem,
    })
    for (const one of [plain, secure]) {
      open.add(one)
      one.on('error', () => undefined)
      one.once('close', () => {
        open.delete(one)
        plain.destroy()
        secure.destroy()
      })
    }
    const headers = Object.entries(honestHeaders(interaction)).filter(([name]) => name !== 'Accept')
    plain.once('data', (first) => {
      const text = first.toString('latin1')
      const line = text.indexOf('\r\n') + 2
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      secure.write(text.slice(0, line) + lines + text.slice(line).replace(/^Referer:.*\r\n/m, ''), 'latin1')
      plain.pipe(secure)
    })
    secure.pipe(plain)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close() {
      server.close()
      for (const one of open) one.destroy()
    },
  }
}
