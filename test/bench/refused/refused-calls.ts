import { randomUUID } from 'node:crypto'
import { honestHeaders } from '../../support/consumer.ts'
import { world } from '../../support/start-world.ts'
import type { LoadIdentity } from '../load/load-job.ts'

/** A kind of call that the proxy refuses. */
export interface RefusedCall {
  readonly name: string
  readonly status: number
  readonly as: LoadIdentity
  /** The proxy closes the connection behind the refusal, so that every call is a new handshake. */
  readonly fresh: boolean
  /** The request's text, but for its trace id. */
  request(): string
}

/** Stands in a request's text where the trace id comes. */
export const tracePlace = '@'
/** By it the bare server knows which refusal it is to answer with. */
export const kindHeader = 'x-kind'

function text(name: string, change: Readonly<Record<string, string>>, further = ''): string {
  const headers = { Host: 'localhost', ...honestHeaders(world.searchPatient), 'Ssp-TraceID': tracePlace, [kindHeader]: name, ...change }
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}\r\n`)
  return `GET /${world.root}/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018 HTTP/1.1\r\n${lines.join('')}${further}\r\n`
}

const unheld = 'urn:nhs:names:services:example:fhir:rest:read:nothing'

/** The kinds, from the outer door inwards. */
export const refusedCalls: readonly RefusedCall[] = [
  {
    ...{ name: 'wire form', status: 400, as: 'consumer', fresh: true },
    request: () => text('wire form', {}, `Ssp-From: ${world.consumer.asid}\r\n`),
  },
  { ...{ name: 'no certificate', status: 496, as: 'nobody', fresh: true }, request: () => text('no certificate', {}) },
  { ...{ name: 'unbound certificate', status: 495, as: 'stranger', fresh: true }, request: () => text('unbound certificate', {}) },
  { ...{ name: 'request form', status: 400, as: 'consumer', fresh: false }, request: () => text('request form', { 'Ssp-To': '1' }) },
  {
    ...{ name: 'not accredited', status: 403, as: 'consumer', fresh: false },
    request: () => text('not accredited', { 'Ssp-InteractionID': unheld }),
  },
  {
    ...{ name: 'over the rate', status: 429, as: 'stranger', fresh: false },
    request: () => text('over the rate', { 'Ssp-From': world.stranger.asid }),
  },
]

/** The text around the trace id, as the load generator takes it. */
export function aroundTrace(request: string): readonly [before: string, after: string] {
  const at = request.indexOf(tracePlace)
  return [request.slice(0, at), request.slice(at + tracePlace.length)]
}

/** The whole text, with a trace id of its own. */
export function wholeRequest(request: string): string {
  return request.replace(tracePlace, randomUUID())
}
