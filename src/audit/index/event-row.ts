import type { IndexedEvent } from './indexed.ts'

/** The operation or flood in a backend's row: what is NULL there is absent here. */
export function eventOf(row: Readonly<Record<string, unknown>>): IndexedEvent {
  const { log, record, type, at, actor, act, detail } = row
  return {
    log: String(log),
    record: Number(record),
    type: type as IndexedEvent['type'],
    at: Number(at),
    ...(actor !== null && { actor: String(actor) }),
    ...(act !== null && { act: String(act) }),
    detail: JSON.parse(String(detail)),
  }
}
