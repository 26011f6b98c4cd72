import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express'
import helmet from 'helmet'
import type { Counter } from 'prom-client'
import type { OpsParts } from './ops-parts.ts'
import type { OpsRoute } from './ops-route.ts'
import { opsRoutes } from './ops-routes.ts'
import type { OpsRole } from './ops-settings.ts'
import { Problem, sendProblem } from './problem.ts'
import { checkHost, checkOrigin } from './same-origin.ts'

/** Somebody who may see or change something. */
export interface Operator {
  /** As the audit writes an actor. */
  readonly actor: string
  readonly role: OpsRole
}

/** How a door tells who comes in and by which names it is called. Both are asked on every request. */
export interface OpsDoor {
  readonly name: 'port' | 'socket'
  allowedHosts(): ReadonlySet<string>
  /** Throws a `Problem` for whoever is no operator. */
  operatorOf(request: Request): Operator
}

/** `ssp_operators_requests_total{door, route, status}`; both doors count into it. */
export type OpsRequests = Counter<'door' | 'route' | 'status'>

/** The operators' routes behind one door, the port or the socket, which differ in nothing else. */
export function opsApp(parts: OpsParts, door: OpsDoor, requests: OpsRequests): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('trust proxy', false).set('query parser', 'simple').set('case sensitive routing', true)
  app.use(
    helmet({
      contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
      // Would bind every other port of the same host name, `localhost` above all; this port speaks nothing but TLS anyway.
      strictTransportSecurity: false,
    }),
  )
  app.use((request, response, next) => {
    response.once('finish', () => requests.inc({ door: door.name, route: routeOf(request), status: response.statusCode }))
    checkHost(request, door.allowedHosts())
    next()
  })
  // Nothing that comes in is decompressed.
  const readBody = express.json({ limit: '16kb', inflate: false })
  const readText = express.text({ limit: '16kb', inflate: false, type: () => true })
  for (const route of opsRoutes) {
    const register = { GET: app.get, POST: app.post, DELETE: app.delete }[route.method].bind(app)
    if (route.needs === 'nothing') register(route.path, ...(route.reads === 'text' ? [readText] : []), answerer(parts, route))
    else register(route.path, guard(door, route.needs), readBody, answerer(parts, route))
  }
  app.use(refuseUnrouted)
  app.use(answerError(parts))
  return app
}

function guard(door: OpsDoor, needs: OpsRole): RequestHandler {
  return (request, response, next) => {
    checkOrigin(request)
    const operator = door.operatorOf(request)
    if (needs === 'operator' && operator.role !== 'operator') throw new Problem(403, 'The role viewer may not do this.')
    response.locals['actor'] = operator.actor
    next()
  }
}

function answerer(parts: OpsParts, route: OpsRoute): RequestHandler {
  return async (request, response) => {
    const answer = await route.answer(parts, {
      actor: String(response.locals['actor'] ?? 'anybody'),
      id: String(request.params['id'] ?? ''),
      verbose: 'verbose' in request.query,
      query: { ...request.query },
      accept: request.headers.accept ?? '',
      body: request.body,
    })
    response.status(answer.status).set('Cache-Control', 'no-store')
    if ('json' in answer) response.json(answer.json)
    // As it is: the framework would put a charset behind it.
    else if (route.reads === 'text') response.setHeader('Content-Type', answer.contentType).end(answer.text)
    else response.set('Content-Type', answer.contentType).send(answer.text)
  }
}

/** The route's pattern or `none`: a label that a caller cannot make. */
function routeOf(request: Request): string {
  const route: unknown = request.route
  return typeof route === 'object' && route !== null && 'path' in route ? String(route.path) : 'none'
}

function refuseUnrouted(request: Request): never {
  const allowed = opsRoutes.filter(({ path }) => samePath(path, request.path)).map(({ method }) => method)
  if (allowed.length === 0) throw new Problem(404, 'There is nothing here.')
  throw new Problem(405, 'This method is not allowed here.', { Allow: allowed.join(', ') })
}

function samePath(pattern: string, path: string): boolean {
  const segments = path.split('/', 5)
  const expected = pattern.split('/')
  return segments.length === expected.length && expected.every((segment, at) => segment.startsWith(':') || segment === segments[at])
}

function answerError(parts: OpsParts): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, next) => {
    if (response.headersSent) return next(error)
    sendProblem(
      response,
      problemOf(error, () => parts.unforeseen(error, routeOf(request))),
    )
  }
}

/** Express's own errors carry a 4xx status: an ill-formed escape in the path, a body that is too long or not JSON. */
function problemOf(error: unknown, tell: () => void): Problem {
  if (error instanceof Problem) return error
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (status === 413) return new Problem(413, 'The body is longer than 16 KiB.')
  if (status === 415) return new Problem(415, 'The body’s charset or encoding is not supported.')
  if (typeof status === 'number' && status >= 400 && status < 500) return new Problem(400, 'The request cannot be read.')
  tell()
  return new Problem(500, 'Something unforeseen happened; the log says more.')
}
