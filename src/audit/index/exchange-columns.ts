import type { IndexedExchange, LateOutcome } from './indexed.ts'

/** `json` is text in every backend: it is shown, never searched by. */
type Kind = 'text' | 'number' | 'boolean' | 'json'

/** The columns of an exchange's row, alike in every backend. */
export const exchangeColumns: readonly (readonly [column: string, field: keyof IndexedExchange, kind: Kind])[] = [
  ['exchange', 'exchange', 'text'],
  ['log', 'log', 'text'],
  ['record', 'record', 'number'],
  ['place', 'place', 'text'],
  ['outcome_record', 'outcomeRecord', 'number'],
  ['outcome_place', 'outcomePlace', 'text'],
  ['at', 'at', 'number'],
  ['ended', 'ended', 'number'],
  ['forwarded', 'forwarded', 'boolean'],
  ['end_state', 'end', 'text'],
  ['address', 'address', 'text'],
  ['method', 'method', 'text'],
  ['trace_id', 'traceId', 'text'],
  ['from_asid', 'from', 'text'],
  ['to_asid', 'to', 'text'],
  ['from_organisation', 'fromOrganisation', 'text'],
  ['to_organisation', 'toOrganisation', 'text'],
  ['interaction', 'interaction', 'text'],
  ['endpoint', 'endpoint', 'text'],
  ['url', 'url', 'text'],
  ['status', 'status', 'number'],
  ['provider_status', 'providerStatus', 'number'],
  ['code', 'code', 'text'],
  ['rule', 'rule', 'text'],
  ['origin', 'origin', 'text'],
  ['request_bytes', 'requestBytes', 'number'],
  ['response_bytes', 'responseBytes', 'number'],
  ['total_ms', 'totalMs', 'number'],
  ['provider_ms', 'providerMs', 'number'],
  ['told', 'told', 'json'],
]

/** What an outcome sets, in the order of the columns. */
export const outcomeColumns = exchangeColumns.filter(([, field]) =>
  (
    [
      'outcomeRecord',
      'outcomePlace',
      'ended',
      'end',
      'status',
      'providerStatus',
      'code',
      'rule',
      'origin',
      'requestBytes',
      'responseBytes',
      'totalMs',
      'providerMs',
      'told',
    ] satisfies (keyof LateOutcome)[] as readonly string[]
  ).includes(field),
) as readonly (readonly [column: string, field: keyof IndexedExchange & keyof LateOutcome, kind: Kind])[]

/** The row's columns for a SELECT. */
export const exchangeColumnList = exchangeColumns.map(([column]) => column).join(', ')

/** The columns that can be searched by, each with the time, for an index. */
export const searchedColumns: readonly string[] = [
  'trace_id',
  'from_asid',
  'to_asid',
  'from_organisation',
  'to_organisation',
  'interaction',
  'rule',
  'origin',
  'status',
  'forwarded',
]

/** The class above which durations are not told apart: 2 to the 17th ms, two minutes and more. */
export const slowestClass = 17

/** In which octave a duration in milliseconds is: an index by class and time finds the slow ones in the order of time. */
export function slownessOf(milliseconds: number): number {
  return Math.max(0, Math.min(slowestClass, Math.floor(Math.log2(Math.max(milliseconds, 1)))))
}

/** The exchange in a backend's row: what is NULL there is absent here. */
export function exchangeOf(row: Readonly<Record<string, unknown>>): IndexedExchange {
  const read = exchangeColumns.flatMap(([column, field, kind]) => {
    const value = row[column]
    if (value === null || value === undefined) return []
    return [[field, readers[kind](value)]]
  })
  return Object.fromEntries(read) as unknown as IndexedExchange
}

const readers: Readonly<Record<Kind, (value: unknown) => unknown>> = {
  text: (value) => value,
  number: Number,
  boolean: Boolean,
  json: (value) => JSON.parse(String(value)),
}

/** A field as its column takes it: an object as JSON, all else as it is. */
export function columnValue<Value>(value: Value): Value extends object ? string : Value {
  return (typeof value === 'object' ? JSON.stringify(value) : value) as Value extends object ? string : Value
}
