import { instantOf } from '../lib/instant.ts'
import type { InteractionPattern, SharingParty, SharingRule } from './sharing-rule.ts'

const day = 24 * 60 * 60 * 1000
const dateForm = /^\d{4}-\d{2}-\d{2}$/
const known: readonly string[] = ['reference', 'effect', 'from', 'to', 'interactions', 'validFrom', 'validUntil']
const interactionForm = /^[\x21-\x29\x2b-\x7e]{1,255}$/

/** A rule, or everything that is wrong with it. Maps come as `Map`s, whatever file they are from. */
export function judgeSharingRule(value: unknown, place: string): SharingRule | readonly string[] {
  if (!(value instanceof Map)) return ['a rule must be a map']
  const faults: string[] = []
  const fields = value as ReadonlyMap<unknown, unknown>
  for (const key of fields.keys()) {
    // A list or a map may be a key in YAML, and what one holds may keep it from being written as text.
    const name = typeof key === 'object' && key !== null ? 'a list or map' : String(key)
    if (!known.includes(name)) faults.push(`"${name.slice(0, 64)}" is no field of a rule`)
  }
  const reference = fields.get('reference')
  if (typeof reference !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(reference))
    faults.push('reference must be printable text of 1 to 128 characters')
  else if (reference === 'default') faults.push('reference may not be "default": that is what decisions without a rule are called')
  const effect = fields.get('effect')
  if (effect !== 'allow' && effect !== 'deny') faults.push('effect must be allow or deny')
  const from = party(fields.get('from'), 'from', faults)
  const to = party(fields.get('to'), 'to', faults)
  const interactions = patterns(fields.get('interactions'), faults)
  const validFrom = moment(fields.get('validFrom'), 'validFrom', -Infinity, 0, faults)
  const validUntil = moment(fields.get('validUntil'), 'validUntil', Infinity, day, faults)
  if (validUntil <= validFrom) faults.push('validUntil must be later than validFrom')
  if (faults.length > 0 || from === undefined || to === undefined) return faults
  return { place, reference: reference as string, effect: effect as 'allow' | 'deny', from, to, interactions, validFrom, validUntil }
}

function party(value: unknown, name: string, faults: string[]): SharingParty | undefined {
  if (value === '*') return { kind: 'anybody' }
  if (value instanceof Map && value.size === 1) {
    const asid: unknown = value.get('asid')
    if (typeof asid === 'string' && /^\d{12}$/.test(asid)) return { kind: 'asid', asid }
    const odsCode: unknown = value.get('ods')
    if (typeof odsCode === 'string' && /^[A-Za-z0-9]{1,9}$/.test(odsCode)) return { kind: 'ods', odsCode }
  }
  faults.push(`${name} must be '*', one asid (12 digits) or one ods (1 to 9 letters and digits)`)
  return undefined
}

function patterns(value: unknown, faults: string[]): InteractionPattern[] {
  const list = Array.isArray(value) ? (value as unknown[]) : []
  if (list.length === 0)
    faults.push("interactions must be a list of interaction ids, or beginnings of them with an asterisk at the end ('…gpconnect:*')")
  return list.flatMap((item): InteractionPattern[] => {
    const text = typeof item === 'string' ? item : ''
    const isPrefix = text.endsWith('*')
    const body = isPrefix ? text.slice(0, -1) : text
    if (interactionForm.test(body) || text === '*') return [{ kind: isPrefix ? 'prefix' : 'exact', text: body }]
    faults.push('an interaction must be printable text without blanks, with an asterisk at its end or nowhere')
    return []
  })
}

/** A date and time with its offset, or a date in UTC: as a beginning, its first moment; as an end, its last (the whole day counts). */
function moment(value: unknown, name: string, absent: number, wholeDay: number, faults: string[]): number {
  if (value === undefined) return absent
  const text = typeof value === 'string' ? value : ''
  const isDate = dateForm.test(text)
  const at = instantOf(text)
  if (at === undefined) {
    faults.push(`${name} must be a date (2026-03-31) or a date and time with its offset (2026-03-31T18:00:00Z)`)
    return absent
  }
  return isDate ? at + wholeDay : at
}
