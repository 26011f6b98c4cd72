import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type FetchBytes, fetchBytes } from '../../../src/pki/fetch-bytes.ts'
import { createAuthority } from '../../support/certificate-authority.ts'
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts'

let server: CrlServer
beforeAll(async () => {
  server = await startCrlServer()
})
afterAll(() => server.close())

function fetching(change: Partial<FetchBytes> = {}): ReturnType<typeof fetchBytes> {
  return fetchBytes({
    url: server.url,
    method: 'GET',
    headers: {},
    maxBytes: 1_000,
    timeoutMs: 2_000,
    mayNotDial: () => undefined,
    anchors: [],
    ...change,
  })
}

test('bytes come back as they are, and so do headers', async () => {
  server.publish('list')
  const { status, body, headers } = await fetching()
  expect([status, body.toString(), headers['content-type']]).toEqual([200, 'list', 'application/pkix-crl'])
})

test('unchanged is told where the question allows it', async () => {
  server.publish('list')
  const { headers } = await fetching()
  expect((await fetching({ headers: { 'If-None-Match': String(headers.etag) } })).status).toBe(304)
})

describe('T9: nothing is taken that is', () => {
  test('redirected', async () => {
    server.answer = (_request, response) => void response.writeHead(302, { Location: 'http://127.0.0.1/' }).end()
    await expect(fetching()).rejects.toThrow('it answered 302, and redirects are not followed')
  })

  test('larger than allowed, whether its length is told or not', async () => {
    server.answer = (_request, response) => void response.end(Buffer.alloc(1_001))
    await expect(fetching()).rejects.toThrow('larger than 1000 bytes')
    server.answer = (_request, response) => {
      response.write(Buffer.alloc(600))
      response.end(Buffer.alloc(600))
    }
    await expect(fetching()).rejects.toThrow('larger than 1000 bytes')
  })

  test('slow at its head, or within its body', async () => {
    server.answer = () => undefined
    await expect(fetching({ timeoutMs: 100 })).rejects.toThrow('it did not answer within 100 ms')
    server.answer = (_request, response) => void response.write('be')
    await expect(fetching({ timeoutMs: 100 })).rejects.toThrow('it did not answer within 100 ms')
  })

  test('broken off, compressed, or an error', async () => {
    server.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Length': 10 })
      response.write('list')
      setImmediate(() => response.destroy())
    }
    await expect(fetching()).rejects.toThrow(/aborted|broke off|hang up|ECONNRESET/)
    server.answer = (_request, response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('list')
    await expect(fetching()).rejects.toThrow('compressed')
    server.answer = (_request, response) => void response.writeHead(500).end()
    await expect(fetching()).rejects.toThrow('it answered 500')
  })

  test('of another protocol, which nobody asked for', async () => {
    server.answer = ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n')
    await expect(fetching()).rejects.toThrow('it answered 101, and no other protocol is spoken here')
  })

  test('at an address that may not be dialled, whether it is written or a name leads to it', async () => {
    server.publish('list')
    const before = server.requests.length
    const asked: string[] = []
    const mayNotDial = (address: string, port: number): string => {
      asked.push(`${address} ${port}`)
      return 'it is loopback'
    }
    await expect(fetching({ mayNotDial })).rejects.toThrow('the address may not be dialled: it is loopback')
    await expect(fetching({ mayNotDial, url: server.url.replace('127.0.0.1', 'localhost') })).rejects.toThrow('it is loopback')
    await expect(fetching({ mayNotDial, url: 'http://[::1]:1/' })).rejects.toThrow('it is loopback')
    const { port } = new URL(server.url)
    expect(asked).toEqual(expect.arrayContaining([`127.0.0.1 ${port}`, '::1 1']))
    expect(server.requests).toHaveLength(before)
  })
})

test('a name is dialled at the address that was judged', async () => {
  server.publish('list')
  const { body } = await fetching({
    url: server.url.replace('127.0.0.1', 'localhost'),
    mayNotDial: (address) => (address === '127.0.0.1' ? undefined : 'no'),
  })
  expect(body.toString()).toBe('list')
})

test('over https nobody is believed but the anchors', async () => {
  const authority = await createAuthority({ name: 'Root' })
  const identity = await authority.issue({ cn: 'localhost' })
  const secure = createServer({ cert: identity.chainPem, key: identity.keyPem }, (_request, response) => void response.end('list'))
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(secure.address() as AddressInfo).port}/`
  const mayNotDial = (address: string): string | undefined => (address === '127.0.0.1' ? undefined : 'no')
  try {
    expect((await fetching({ url, mayNotDial, anchors: [authority.certificatePem] })).body.toString()).toBe('list')
    const other = await createAuthority({ name: 'Other' })
    await expect(fetching({ url, mayNotDial, anchors: [other.certificatePem] })).rejects.toThrow()
  } finally {
    secure.closeAllConnections()
    await new Promise((resolve) => secure.close(resolve))
  }
})
