// @fastify/reply-from as its manual has it: Fastify in front, undici behind. Arguments as in pass-through.ts.
import replyFrom from '@fastify/reply-from'
import { fastify } from 'fastify'
import { buildConnector, Pool } from 'undici'
import { patience, providerHost } from '../bench-tls.ts'
import { passThrough, providerPath } from './pass-through.ts'

const settings = passThrough()
const dial = buildConnector({ ...settings.client, timeout: patience.connectSeconds * 1000 } as buildConnector.BuildOptions)
const pool = new Pool(`https://${providerHost}`, {
  connections: settings.providerConnections,
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: 60_000,
  keepAliveMaxTimeout: 60_000,
  connect: (options, callback) => dial({ ...options, hostname: '127.0.0.1', port: String(settings.providerPort) }, callback),
})

const server = fastify({
  https: settings.server,
  keepAliveTimeout: patience.idleSeconds * 1000,
  bodyLimit: 2_000_000,
  // Fastify's router would decode and fold a target that holds a URL.
  rewriteUrl: (request) => providerPath(request.url ?? '') ?? '/unknown',
})
// The manual has it so: bodies pass as streams.
server.addContentTypeParser('application/fhir+json', (_request, payload, done) => done(null, payload))
await server.register(replyFrom, { base: `https://${providerHost}`, undici: pool as never })
server.all('/unknown', (_request, reply) => reply.code(404).send())
server.all('/*', (request, reply) =>
  reply.from(request.url, { rewriteRequestHeaders: (_request, headers) => ({ ...headers, host: providerHost }) }),
)
await server.listen({ host: '127.0.0.1', port: settings.port })
