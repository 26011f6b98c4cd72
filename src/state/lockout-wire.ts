import { type LockoutRecord, lockoutRecord, rankOf } from './lockout-record.ts'
import type { LockoutSigning } from './lockout-signing.ts'

/** A message of the channel on which changes are told. */
export type LockoutMessage =
  | { readonly kind: 'change'; readonly sequence: number; readonly from: string; readonly text: string }
  | { readonly kind: 'drill'; readonly from: string; readonly nonce: string }

/** Reads a message; undefined where it is none. */
export function lockoutMessage(text: string): LockoutMessage | undefined {
  const [, sequence, from, record] = /^change (\d{1,15}) (\S{1,100}) (\{.*\})$/s.exec(text) ?? []
  if (sequence !== undefined && from !== undefined && record !== undefined)
    return { kind: 'change', sequence: Number(sequence), from, text: record }
  const [, asker, nonce] = /^drill (\S{1,100}) (\S{1,64})$/.exec(text) ?? []
  return asker !== undefined && nonce !== undefined ? { kind: 'drill', from: asker, nonce } : undefined
}

/** The record in a text, or why it does not count: whoever can write to Redis is believed nothing that no key has signed. */
export function genuineRecord(text: string, signing: LockoutSigning): LockoutRecord | string {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  const parsed = lockoutRecord.safeParse(content)
  if (!parsed.success) return 'it is no lockout'
  return signing.isGenuine(parsed.data) ? parsed.data : `its signature is not that of a key of the settings (${parsed.data.signature.key})`
}

/** The record in a value of the hash, without what Redis compares by. */
export function keptText(value: string): string {
  return value.slice(value.indexOf('{'))
}

/** Whether a value of the hash says of the record what the record says of itself. */
export function isKeptAs(value: string, record: LockoutRecord): boolean {
  const [, epoch, rank, node] = toldFields(record)
  return value.startsWith(`${epoch} ${rank} ${node} {`)
}

/** What `tellScript` takes of a record. */
export function toldFields(record: LockoutRecord): readonly string[] {
  return [record.id, String(record.epoch), String(rankOf(record)), record.node, JSON.stringify(record)]
}
