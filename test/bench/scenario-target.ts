import { honestHeaders } from '../support/consumer.ts'
import type { LoadTarget } from './load/load-job.ts'
import type { Scenario } from './scenarios.ts'

const traceId = '@'

/** A scenario's requests, made through a proxy on that port. */
export function throughTarget(scenario: Scenario, port: number): LoadTarget {
  return targetOf(scenario, port, 'localhost', `/${scenario.url}`)
}

/** A scenario's requests, made of the provider itself. */
export function directTarget(scenario: Scenario, port: number): LoadTarget {
  const { host, pathname, search } = new URL(scenario.url)
  return targetOf(scenario, port, host, pathname + search)
}

/** The token is made anew for each turn: it is valid for five minutes. */
function targetOf(scenario: Scenario, port: number, servername: string, path: string): LoadTarget {
  const { interaction, method, body, connection, connections, answerBytes } = scenario
  const content = body === undefined ? {} : { 'Content-Type': 'application/fhir+json', 'Content-Length': String(Buffer.byteLength(body)) }
  const headers = { Host: servername, ...honestHeaders(interaction), ...content, 'Ssp-TraceID': traceId }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const [before = '', after = ''] = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`.split(traceId)
  return { port, servername, connections, connection, request: [before, after], answerBytes, ...(body !== undefined && { body }) }
}
