import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Registry } from '../registry/registry.ts'
import { findInteraction } from '../spine/interaction-id.ts'
import { tokenClaims, unsignedToken } from './token-claims.ts'

/** A call as the command line describes it. */
export interface AskedCall {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** File of the client certificate, where the call itself names one. */
  readonly certificate?: string
}

/** The options of `ssp explain`. */
export interface ExplainOptions {
  readonly from: string
  readonly to: string
  readonly interaction: string
  readonly header: readonly string[]
  readonly method?: string
  readonly url?: string
  readonly token?: string
  readonly curl?: string
  readonly certificate?: string
  readonly fqdn?: string
  /** ms since 1970. */
  readonly at?: number
  readonly json?: boolean
}

const usualScope = 'patient/*.read'
const someBody = '2'

/** The call of these options; what they leave out is as an honest consumer would have it. A header that is given again has the new value, an empty one is left out. */
export function plainCall(options: ExplainOptions, registry: Registry, clock: Clock): AskedCall {
  const { from, to, interaction: id } = options
  const interaction = findInteraction(id)
  const method = options.method ?? interaction?.method ?? 'GET'
  const receiver = registry.system(to)
  const registered = receiver.kind === 'found' ? registry.endpoint(receiver.system, id) : undefined
  const root = registered?.kind === 'found' ? registered.endpoint.url : 'https://unknown.invalid'
  const url = options.url ?? root + (interaction?.template ?? '').replaceAll(/\{[^}]*\}/g, '1')
  const body =
    method === 'GET' || method === 'HEAD'
      ? []
      : ([
          ['Content-Type', 'application/fhir+json'],
          ['Content-Length', someBody],
        ] as const)
  const headers: readonly (readonly [string, string])[] = [
    ['Host', 'localhost'],
    ['Ssp-TraceID', randomUUID()],
    ['Ssp-From', from],
    ['Ssp-To', to],
    ['Ssp-InteractionID', id],
    ['Authorization', `Bearer ${options.token ?? tokenOf(options, registry, url, clock)}`],
    ['Accept', 'application/fhir+json'],
    ...body,
  ]
  return { method, target: `/${url}`, headers: changed(headers, options.header) }
}

/** What an honest consumer of that ASID would send; for an unknown one there is nothing to say. */
function tokenOf({ from, to, interaction: id }: ExplainOptions, registry: Registry, url: string, clock: Clock): string {
  const sender = registry.system(from)
  const receiver = registry.system(to)
  const interaction = findInteraction(id)
  const registered = receiver.kind === 'found' ? registry.endpoint(receiver.system, id) : undefined
  const claims = tokenClaims({
    profile: interaction?.profile ?? 'stu3',
    consumer: sender.kind === 'found' ? sender.system : { asid: from, odsCode: '', partyKey: '', interactions: new Set() },
    endpointUrl: registered?.kind === 'found' ? registered.endpoint.url : url,
    scope: interaction?.scope ?? usualScope,
    issuedAt: Math.floor(clock.now() / 1000),
  })
  return unsignedToken(claims)
}

function changed(headers: readonly (readonly [string, string])[], lines: readonly string[]): readonly (readonly [string, string])[] {
  const given = lines.map((line) => {
    const colon = line.indexOf(':')
    return colon < 0 ? ([line.trim(), ''] as const) : ([line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const)
  })
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  return [...headers.filter(([name]) => !names.has(name.toLowerCase())), ...given.filter(([, value]) => value !== '')]
}
