import type { RefusedCall } from '../../src/audit/audit-trail.ts'
import type { ForwardingEntry, OperationEntry, OutcomeEntry, RefusedEntry } from '../../src/audit/entry.ts'
import type { OperationAct } from '../../src/audit/operations.ts'
import type { ReceiptProof } from '../../src/audit/receipt-proof.ts'

const consumer = {
  address: '10.0.0.7',
  certificateSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  certificateSubject: 'CN=consumer.thirdparty.nhs.uk',
  tlsProtocol: 'TLSv1.3',
  tlsCipher: 'TLS_AES_256_GCM_SHA384',
  tlsResumed: false,
}

const request = {
  method: 'GET',
  traceId: '09a01679-2564-0fb4-5129-aecc81ea2706',
  from: '200000000359',
  to: '918999198993',
  interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1',
  redactedUrl: '/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
}

/** A forwarding entry of the usual size. */
export function sampleForwarding(exchange: string, change: Partial<ForwardingEntry> = {}): ForwardingEntry {
  return {
    v: 1,
    type: 'forwarding',
    at: 1_790_000_000_000,
    exchange,
    consumer,
    request,
    endpoint: { cpaId: 'S20001A000182', url: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1' },
    organisations: { from: 'T77777', to: 'T99999' },
    registryVersion: '2026-11-22T10:00:00Z-1',
    settingsVersion: '4be1c2',
    sharingRule: 'demo',
    observed: [],
    personal: {
      url: '/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9690937278',
      claims: JSON.stringify({
        iss: 'https://consumer.thirdparty.nhs.uk',
        sub: '1',
        aud: 'https://provider.thirdparty.nhs.uk/T99999/STU3/1',
        exp: 1_790_000_300,
        iat: 1_790_000_000,
        reason_for_request: 'directcare',
        requested_scope: 'patient/*.read',
        requesting_practitioner: { resourceType: 'Practitioner', id: '1', name: [{ family: 'Jones', given: ['Claire'] }] },
      }),
    },
    ...change,
  }
}

/** The outcome of a call that went well. */
export function sampleOutcome(exchange: string, change: Partial<OutcomeEntry> = {}): OutcomeEntry {
  return {
    v: 1,
    type: 'outcome',
    at: 1_790_000_000_050,
    exchange,
    end: 'complete',
    status: 200,
    providerStatus: 200,
    origin: 'none',
    rule: 'forwarded',
    requestBytes: 0,
    responseBytes: 4321,
    phases: { checks: 0.4, audit: 0.5, connect: 2.1, provider: 41.5, body: 3.2 },
    personal: { responseSha256: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg' },
    ...change,
  }
}

/** A refused call. */
export function sampleRefused(exchange: string, change: Partial<RefusedEntry> = {}): RefusedEntry {
  return {
    v: 1,
    type: 'refused',
    at: 1_790_000_000_000,
    exchange,
    consumer,
    request,
    status: 400,
    code: 'BAD_REQUEST',
    rule: 'wire-form',
    origin: 'consumer',
    reason: 'Ssp-To is missing',
    observed: [],
    phases: {},
    personal: {},
    ...change,
  }
}

/** A refused call of this entry. */
export function refusedCall(entry: RefusedEntry): RefusedCall {
  const { at, consumer, rule, status } = entry
  return { at, consumer, rule, status, entry: () => entry }
}

/** A receipt of a group of one record; its signature is not one. */
export const sampleReceipt: ReceiptProof = {
  index: 7,
  leaf: Buffer.alloc(32, 1),
  path: [],
  group: { log: 'n/w', first: 7, count: 1, treeRoot: Buffer.alloc(32, 2), signature: Buffer.alloc(64, 3) },
}

/** An operator's act; tests know one from another by names that no program records. */
export function sampleOperation(act = 'start', detail: OperationEntry['detail'] = { version: '0.1.0' }): OperationEntry {
  return { v: 1, type: 'operation', at: 1_790_000_000_000, actor: 'process', act: act as OperationAct, detail }
}
