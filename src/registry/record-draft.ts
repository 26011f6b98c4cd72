/** The single-valued fields of a record, under the names that the YAML and NDJSON forms give them. */
export type FieldName = 'asid' | 'cpaId' | 'odsCode' | 'partyKey' | 'manufacturer' | 'productName' | 'url' | 'fqdn' | 'pin'

/** A record as its file spells it: taken apart, not yet judged. `unknown` is one of which not even the kind can be told. */
export interface RecordDraft {
  readonly kind: 'system' | 'endpoint' | 'unknown'
  /** Where it begins, counted from 1. */
  readonly line: number
  readonly fields: Readonly<Partial<Record<FieldName, string>>>
  /** Absent where the record names none at all. */
  readonly interactions?: readonly string[]
  /** Why the record cannot be used, as far as its form shows it. */
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** Takes one record after another out of a file; rejects with `UnreadableFile`. */
export type RecordReader = (onRecord: (draft: RecordDraft) => void) => Promise<void>

const systemFields: readonly string[] = ['asid', 'odsCode', 'partyKey', 'interactions', 'manufacturer', 'productName']
const endpointFields: readonly string[] = ['cpaId', 'odsCode', 'partyKey', 'interaction', 'interactions', 'url', 'fqdn', 'pin']

/** Makes a draft of a record of named values, as YAML and NDJSON spell it: unknown names and values that are not text are its faults. */
export function draftOf(kind: 'system' | 'endpoint', entries: Iterable<readonly [string, unknown]>, line: number): RecordDraft {
  const fields: Partial<Record<FieldName, string>> = {}
  const faults: string[] = []
  const known = kind === 'system' ? systemFields : endpointFields
  let single: readonly string[] | undefined
  let several: readonly string[] | undefined
  for (const [name, value] of entries) {
    if (!known.includes(name)) faults.push(`"${name.slice(0, 64)}" is no field of ${kind === 'system' ? 'a system' : 'an endpoint'}`)
    else if (name === 'interactions') {
      if (isTextList(value)) several = value
      else faults.push('interactions must be a list of text')
    } else if (typeof value !== 'string') faults.push(`${name} must be text`)
    else if (name === 'interaction') single = [value]
    else fields[name as FieldName] = value
  }
  if (single !== undefined && several !== undefined) faults.push('interaction and interactions stand together: keep one of them')
  const interactions = several ?? single
  return { kind, line, fields, ...(interactions === undefined ? {} : { interactions }), faults, warnings: [] }
}

/** A draft of something that could not be taken apart. */
export function unknownDraft(line: number, fault: string): RecordDraft {
  return { kind: 'unknown', line, fields: {}, faults: [fault], warnings: [] }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
