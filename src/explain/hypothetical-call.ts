import { METHODS } from 'node:http'
import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import type { Registry } from '../registry/registry.ts'
import type { CertificateVerdict } from '../spine/arrival.ts'
import { refuse } from '../spine/refusal.ts'
import { readWireForm, type WireLimits } from '../spine/wire-form.ts'

/** A call that nobody makes. */
export interface HypotheticalCall {
  readonly method: string
  /** The request target as it would stand on the wire, `/https://…`. */
  readonly target: string
  /** Names and values, in the order in which they would be sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** What is found about the certificate. */
  readonly certificate: CertificateVerdict
}

const methods: ReadonlySet<string> = new Set(METHODS)

/** The call as it would arrive: what the checks begin with. */
export function arrivalOf(
  { method, target, headers, certificate }: HypotheticalCall,
  registry: Registry,
  limits: WireLimits,
  clock: Clock,
): Start {
  const rawHeaders = headers.flat()
  const headerNames = headers.map(([name]) => name.toLowerCase())
  const byName = new Map<string, string>()
  const read = readWireForm(method, '1.1', target, rawHeaders, headerNames, byName, limits)
  // On the wire nothing else of such a request is read.
  const form = methods.has(method) ? read : refuse('wire-form', 'NOT_IMPLEMENTED', { reason: 'the method is not one of HTTP' })
  const shown = certificate.kind === 'good' ? certificate.certificate : certificate.kind === 'bad' ? certificate : undefined
  return {
    exchange: '0'.repeat(32),
    at: clock.now(),
    started: clock.elapsed(),
    connection: {
      address: '',
      tlsProtocol: '',
      tlsCipher: '',
      tlsResumed: false,
      certificateSha256: shown?.sha256,
      certificateSubject: shown?.subject,
      judge: () => certificate,
    },
    method,
    rawTarget: target,
    rawHeaders,
    headerNames,
    headers: byName,
    httpVersion: '1.1',
    form,
    registry,
  }
}
