import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A place that lists are fetched from. */
export interface CrlServer {
  readonly url: string
  /** Requests that have come, in order. */
  readonly requests: IncomingMessage[]
  /** How the next requests are answered; by default 404. */
  answer: RequestListener
  /** From now on this is what is to be had, with an entity tag: unchanged is answered 304. */
  publish(list: string | Buffer): void
  close(): Promise<void>
}

/** Starts one on a free port of loopback. */
export async function startCrlServer(): Promise<CrlServer> {
  const requests: IncomingMessage[] = []
  let edition = 0
  const server = createServer((request, response) => {
    requests.push(request)
    here.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const here: CrlServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.crl`,
    requests,
    answer: (_request, response) => void response.writeHead(404).end(),
    publish(list) {
      const tag = `"${++edition}"`
      here.answer = (request: IncomingMessage, response: ServerResponse) => {
        if (request.headers['if-none-match'] === tag) response.writeHead(304).end()
        else response.writeHead(200, { ETag: tag, 'Content-Type': 'application/pkix-crl' }).end(list)
      }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return here
}
