import { parseStrictJson } from '../spine/strict-json.ts'
import { draftOf, type RecordDraft, unknownDraft } from './record-draft.ts'
import { readLines, type SourceFile } from './text-lines.ts'

/**
 * Reads one record a line, `"type"` telling a system from an endpoint; empty lines are passed over. A line that is no such
 * record is a faulty record.
 */
export async function readNdjsonRecords(file: SourceFile, onRecord: (draft: RecordDraft) => void): Promise<void> {
  await readLines(file, (line, number) => {
    if (/\S/.test(line)) onRecord(ndjsonRecord(line, number))
  })
}

function ndjsonRecord(line: string, number: number): RecordDraft {
  const read = parseStrictJson(line, 2)
  if ('fault' in read) return unknownDraft(number, `the line is not one JSON record: ${read.fault}`)
  if (typeof read.value !== 'object' || read.value === null || Array.isArray(read.value))
    return unknownDraft(number, 'the line is not a JSON object')
  const { type, ...fields } = read.value as Record<string, unknown>
  if (type !== 'system' && type !== 'endpoint') return unknownDraft(number, 'type must be "system" or "endpoint"')
  return draftOf(type, Object.entries(fields), number)
}
