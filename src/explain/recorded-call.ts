import type { AuditedConsumer, AuditedPersonal, AuditedRequest, Observation } from '../audit/entry.ts'
import type { StoredEntry } from '../audit/stored-entry.ts'
import { admission } from '../proxy/admission.ts'
import { type RefusalCode, refusals } from '../spine/refusal.ts'

/** The record that an exchange begins with. */
export type FirstEntry = Extract<StoredEntry, { readonly type: 'forwarding' | 'refused' }>

/** A refusal as the audit has it. */
export interface RecordedRefusal {
  readonly rule: string
  readonly code: string
  readonly status: number
  readonly reason: string
}

/** One call as it was recorded. */
export interface RecordedCall {
  readonly exchange: string
  /** ms since 1970. */
  readonly at: number
  readonly consumer: AuditedConsumer
  readonly request: AuditedRequest
  /** The organisation that was proven to call; absent where none was. */
  readonly organisation?: string
  /** Absent where the period's key is destroyed. */
  readonly personal?: AuditedPersonal
  /** How it ended where it was not forwarded. */
  readonly refused?: RecordedRefusal
  readonly observed: readonly Observation[]
}

/** What a check said of a call when it was made; `unreached` where an earlier one had refused it. */
export type DecisionThen = 'passed' | 'unreached' | RecordedRefusal

/** The call that a record tells of. */
export function recordedCall(entry: FirstEntry, personal: AuditedPersonal | undefined): RecordedCall {
  const { exchange, at, consumer, request, organisations, observed } = entry
  return {
    ...{ exchange, at, consumer, request, observed },
    ...(organisations?.from !== undefined && { organisation: organisations.from }),
    ...(personal !== undefined && { personal }),
    ...(entry.type === 'refused' && { refused: refusalOf(entry) }),
  }
}

function refusalOf({ rule, code, status, reason, organisations }: Extract<FirstEntry, { readonly type: 'refused' }>): RecordedRefusal {
  // The three rows of lockouts have one name outside; whoever was established before tells which of them it was.
  const row = organisations?.to !== undefined ? 'lockout-endpoint' : organisations?.from !== undefined ? 'lockout-sender' : 'lockout'
  return { rule: rule === 'lockout' ? row : rule, code, status, reason }
}

const rows: ReadonlyMap<string, number> = new Map(admission.entries.map(({ name }, at) => [name, at]))

/** Whether the rule is one of the list: what else refuses, a provider without room, say, does so behind it. */
export function isCheck(rule: string): boolean {
  return rows.has(rule)
}

/** What the check of that name said then. Whoever was refused behind the checks had passed them all. */
export function decisionThen({ refused, observed }: RecordedCall, check: string): DecisionThen {
  if (refused?.rule === check) return refused
  if ((rows.get(check) ?? 0) > (rows.get(refused?.rule ?? '') ?? rows.size)) return 'unreached'
  const would = observed.find(({ rule, code }) => rule === check && Object.hasOwn(refusals, code))
  return would === undefined ? 'passed' : { ...would, status: refusals[would.code as RefusalCode].status }
}
