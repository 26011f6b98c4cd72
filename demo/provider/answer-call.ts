import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './call.ts'
import { FhirError, type FhirVersion, operationOutcome } from './fhir-error.ts'
import { type Practice, type Route, routes } from './routes.ts'

/** A request as it was read from the wire. `body` is 'too-large' where it was not read to its end. */
export interface WireCall {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer | 'too-large'
}

/** What is sent back, and which route answered: `route` holds no identifier and may be logged. */
export interface WireAnswer extends Required<Answer> {
  readonly route: string
  readonly contentType: string
}

const idSegment = /^[A-Za-z0-9.-]{1,64}$/
const table = routes.map((route) => ({ route, segments: route.path.split('/') }))
const contentTypes: Readonly<Record<FhirVersion, string>> = {
  STU3: 'application/fhir+json;charset=utf-8',
  DSTU2: 'application/json+fhir;charset=utf-8',
}

/** Which generation of FHIR a path belongs to. */
export function fhirVersionOf(url: string): FhirVersion {
  return url.startsWith('/T99999/DSTU2/') ? 'DSTU2' : 'STU3'
}

/** Answers one call. Never throws: whatever goes wrong becomes a GP Connect OperationOutcome. */
export function answerCall(wire: WireCall, practice: Practice): WireAnswer {
  const version = fhirVersionOf(wire.url)
  let route = '-'
  try {
    const found = findRoute(wire)
    route = `${found.route.method} ${found.route.path}`
    const { query } = splitUrl(wire.url)
    checkMediaTypes(wire, query)
    if (wire.body === 'too-large') throw new FhirError('BAD_REQUEST', 'The body is larger than this provider reads.', 413)
    const answer = found.route.answer({ ...wire, query, id: found.id, body: wire.body }, practice)
    return {
      route,
      status: answer.status ?? 200,
      headers: answer.headers ?? {},
      resource: answer.resource,
      contentType: contentTypes[version],
    }
  } catch (error) {
    return { route, ...errorAnswer(error, version) }
  }
}

/** The answer to something that went wrong; anything unforeseen is a 500 that tells nothing of the inside. */
export function errorAnswer(error: unknown, version: FhirVersion): Omit<WireAnswer, 'route'> {
  const known = error instanceof FhirError ? error : new FhirError('INTERNAL_SERVER_ERROR', 'The demo provider failed unexpectedly.')
  return {
    status: known.status,
    headers: known.status === 405 ? { Allow: 'GET, POST, PUT' } : {},
    resource: operationOutcome(known, version),
    contentType: contentTypes[version],
  }
}

function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf('?')
  return mark < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) }
}

function findRoute(wire: WireCall): { route: Route; id: string } {
  const { path } = splitUrl(wire.url)
  const segments = path.replace(/%24/g, '$').split('/')
  const matching = table.filter(
    (one) =>
      one.segments.length === segments.length &&
      one.segments.every((segment, index) => segment === segments[index] || (segment === '{id}' && idSegment.test(segments[index] ?? ''))),
  )
  if (matching.length === 0) throw new FhirError('NO_RECORD_FOUND', 'This provider has nothing at that path.')
  const found = matching.find(({ route }) => route.method === wire.method)
  if (found === undefined) throw new FhirError('BAD_REQUEST', `The method ${wire.method} is not answered at that path.`, 405)
  return { route: found.route, id: segments[found.segments.indexOf('{id}')] ?? '' }
}

/** Only JSON is spoken: a body in anything else, or an Accept that allows none of it, is 415. `_format` counts before Accept. */
function checkMediaTypes(wire: WireCall, query: URLSearchParams): void {
  const contentType = wire.headers['content-type']
  if ((wire.method === 'POST' || wire.method === 'PUT') && !isJson(contentType ?? ''))
    throw new FhirError('UNSUPPORTED_MEDIA_TYPE', 'The body must be FHIR JSON.')
  const format = query.get('_format')
  if (format !== null) {
    if (format !== 'json' && !isJson(format.replace(' ', '+')))
      throw new FhirError('UNSUPPORTED_MEDIA_TYPE', 'This provider answers in FHIR JSON.')
    return
  }
  const ranges = (wire.headers.accept ?? '*/*').split(',').filter((range) => !/;\s*q=0(\.0*)?\s*$/.test(range))
  if (!ranges.some((range) => isJson(range) || /^\s*(\*|application)\/\*/.test(range)))
    throw new FhirError('UNSUPPORTED_MEDIA_TYPE', 'This provider answers in FHIR JSON.')
}

function isJson(mediaType: string): boolean {
  return /^\s*(application\/fhir\+json|application\/json\+fhir|application\/json|text\/json)\s*(;|$)/i.test(mediaType)
}
