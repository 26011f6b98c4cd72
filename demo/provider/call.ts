import type { IncomingHttpHeaders } from 'node:http'
import { FhirError } from './fhir-error.ts'
import type { FhirJson, Resource } from './resource.ts'

/** One request, read whole. */
export interface Call {
  readonly method: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The `{id}` of the route, or empty. */
  readonly id: string
}

/** What a route answers; `status` is 200 unless it says otherwise. */
export interface Answer {
  readonly resource: Resource
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is FhirJson {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a JSON array; empty for anything else. */
export function objectsIn(value: unknown): readonly FhirJson[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The body as a resource of one type. Throws `FhirError` INVALID_RESOURCE. */
export function resourceIn(call: Call, resourceType: string): Resource {
  let value: unknown
  try {
    value = JSON.parse(call.body.toString('utf8'))
  } catch {
    throw new FhirError('INVALID_RESOURCE', 'The body is not JSON.')
  }
  if (!isObject(value) || value['resourceType'] !== resourceType)
    throw new FhirError('INVALID_RESOURCE', `The body is not a resource of type ${resourceType}.`)
  return value as Resource
}

/** The one value of a query parameter. Throws `FhirError` where it is missing or there are several. */
export function queryValue(call: Call, name: string): string {
  const values = call.query.getAll(name)
  const [value] = values
  if (value === undefined || value === '') throw new FhirError('BAD_REQUEST', `The query parameter ${name} is missing.`)
  if (values.length > 1) throw new FhirError('BAD_REQUEST', `The query parameter ${name} may stand once only.`)
  return value
}

/** The value of an `identifier=system|value` token whose system must be the one expected. Throws `FhirError`. */
export function identifierValue(call: Call, system: string): string {
  const token = queryValue(call, 'identifier')
  const bar = token.indexOf('|')
  if (bar < 0) throw new FhirError('INVALID_PARAMETER', 'The identifier must be given as system|value.')
  if (token.slice(0, bar) !== system) throw new FhirError('INVALID_IDENTIFIER_SYSTEM', `The identifier system must be ${system}.`)
  const value = token.slice(bar + 1)
  if (value === '') throw new FhirError('INVALID_PARAMETER', 'The identifier has no value.')
  return value
}
