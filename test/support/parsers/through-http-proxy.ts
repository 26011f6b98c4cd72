import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import httpProxy from 'http-proxy'

/** What http-proxy makes of a consumer's bytes, byte for byte: a proxy that is known to forward some of them with two meanings. */
export async function throughHttpProxy(bytes: Buffer): Promise<Buffer> {
  const received: Buffer[] = []
  const provider = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received.push(Buffer.from(chunk))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(provider, 'listening')
  const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${(provider.address() as AddressInfo).port}` })
  const front = createHttpServer((request, response) => proxy.web(request, response, {}, () => response.destroy())).listen(0, '127.0.0.1')
  await once(front, 'listening')
  const consumer = connect((front.address() as AddressInfo).port, '127.0.0.1')
  consumer.write(bytes)
  await once(consumer, 'data')
  consumer.destroy()
  front.closeAllConnections()
  front.close()
  proxy.close()
  provider.close()
  return Buffer.concat(received)
}
