import type { StoredEntry } from '../stored-entry.ts'

/** The keyed hashes of the NHS numbers that an entry names, as they stand in the log. */
export function storedSubjects(entry: StoredEntry): readonly string[] {
  return 'personal' in entry ? (entry.personal.subjects ?? []) : []
}
