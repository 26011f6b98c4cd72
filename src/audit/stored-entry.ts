import { asciiJson } from './ascii-json.ts'
import type { AuditEntry } from './entry.ts'
import type { PeriodKeys } from './period-keys.ts'
import type { StoredPersonal } from './stored-personal.ts'

type Stored<Entry> = Entry extends { readonly personal: unknown } ? Omit<Entry, 'personal'> & { readonly personal: StoredPersonal } : Entry

/** An entry as it is read from a log: nothing in it names a person. */
export type StoredEntry = Stored<AuditEntry>

/** An entry on its way to the log. */
export interface DraftEntry {
  /** The entry without what names people, one line of ASCII. */
  readonly json: string
  /** JSON of what names people, to be sealed once the record's index is known; undefined where there is nothing. */
  readonly personal?: string
  readonly subjects: readonly string[]
  readonly at: number
  /** About how long the stored text will be. */
  readonly bytes: number
}

/** Divides the entry into what may be read and what is to be sealed. */
export function draftOf(entry: AuditEntry): DraftEntry {
  if (!('personal' in entry)) {
    const json = asciiJson(entry)
    return { json, subjects: [], at: entry.at, bytes: json.length }
  }
  const { subjects = [], ...sealed } = entry.personal
  // JSON leaves out what is undefined; a copy without the member would cost several times as much.
  const json = asciiJson({ ...entry, personal: undefined })
  const text = JSON.stringify(sealed)
  if (text === '{}' && subjects.length === 0)
    return { json: `${json.slice(0, -1)},"personal":{}}`, subjects, at: entry.at, bytes: json.length }
  return { json, personal: text, subjects, at: entry.at, bytes: json.length + text.length }
}

/**
 * What takes the place of the last brace of the entry's JSON in the log: what names people, sealed for that record of that log. With this it is what is hashed
 * and signed. Throws where nothing can be sealed.
 */
export function storedEnd({ personal, subjects, at }: DraftEntry, keys: PeriodKeys, log: string, index: number): string {
  return personal === undefined ? '}' : `,"personal":${JSON.stringify(keys.seal(personal, subjects, at, log, index))}}`
}
