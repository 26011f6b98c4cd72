import { ldifDraft } from './ldif-draft.ts'
import type { LdifEntry } from './ldif-entry.ts'
import type { RecordDraft } from './record-draft.ts'
import { readLines, type SourceFile } from './text-lines.ts'

/** An entry with more lines than this is a fault; the largest real system has some 500. */
const entryLineLimit = 20_000
const base64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * Reads nhsAs and nhsMhs entries (RFC 2849 content records). Entries of other object classes are passed over; `onSkipped`
 * is told which.
 */
export async function readLdifRecords(
  file: SourceFile,
  onRecord: (draft: RecordDraft) => void,
  onSkipped: (objectClass: string) => void,
): Promise<void> {
  const feed = createLdifParser((entry) => {
    const draft = ldifDraft(entry)
    if (typeof draft === 'string') onSkipped(draft)
    else onRecord(draft)
  })
  await readLines(file, feed.line)
  feed.end()
}

/** Takes LDIF line by line: unfolds, drops comments, decodes base64, and hands over each entry at its empty line. Never throws. */
export function createLdifParser(onEntry: (entry: LdifEntry) => void): { line(line: string, number: number): void; end(): void } {
  let attributes = new Map<string, string[]>()
  let faults: string[] = []
  let begins = 0
  let lines = 0
  let pending: string[] = []
  let pendingLine = 0

  function fault(message: string): void {
    if (faults.length < 20) faults.push(`line ${pendingLine}: ${message}`)
  }

  function closeLine(): void {
    if (pending.length === 0) return
    const text = pending.length === 1 ? pending[0]! : pending.join('')
    pending = []
    if (text.charCodeAt(0) === 0x23) return // a comment, folded or not
    if (begins === 0) begins = pendingLine
    const colon = text.indexOf(':')
    if (text.charCodeAt(0) === 0x20) fault('a line that goes on from the one before stands at the beginning')
    else if (colon > 0) takeAttribute(text, colon)
    else fault(text === '-' ? 'this is the end of a change, not of a record' : 'a line must be "attribute: value"')
  }

  function takeAttribute(text: string, colon: number): void {
    const name = attributeName(text.slice(0, colon))
    const value = attributeValue(text, colon + 1)
    const values = attributes.get(name)
    if (value === undefined) fault(`${name}: the value is not base64 of UTF-8 text, or it points to a file, which is never read`)
    else if (name === 'version' && attributes.size === 0 && begins === pendingLine) begins = 0
    else if (values === undefined) attributes.set(name, [value])
    else values.push(value)
  }

  function closeEntry(): void {
    closeLine()
    if (attributes.size > 0 || faults.length > 0) {
      if (lines > entryLineLimit) faults.push(`the entry has more than ${entryLineLimit} lines`)
      onEntry({ line: begins, attributes, faults })
    }
    attributes = new Map()
    faults = []
    begins = 0
    lines = 0
  }

  return {
    line(line, number) {
      if (line.length === 0) return closeEntry()
      if (++lines > entryLineLimit) return
      if (line.charCodeAt(0) === 0x20 && pending.length > 0) {
        pending.push(line.slice(1))
        return
      }
      closeLine()
      pendingLine = number
      pending.push(line)
    },
    end: closeEntry,
  }
}

const lowerNames = new Map<string, string>()

/** Lower-cased, without options. The few names that real directories have are remembered. */
function attributeName(text: string): string {
  const known = lowerNames.get(text)
  if (known !== undefined) return known
  const name = (text.split(';', 1)[0] ?? '').toLowerCase()
  if (lowerNames.size < 1000 && text.length <= 64) lowerNames.set(text, name)
  return name
}

/** Behind the colon: plain, or base64 behind a second one; `undefined` for a URL (`:<`) or what cannot be decoded. */
function attributeValue(text: string, from: number): string | undefined {
  const kind = text.charCodeAt(from)
  let start = kind === 0x3a || kind === 0x3c ? from + 1 : from
  while (text.charCodeAt(start) === 0x20) start++
  const value = text.slice(start)
  if (kind === 0x3c) return undefined
  if (kind !== 0x3a) return value
  if (value.length % 4 !== 0 || !base64.test(value)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'base64'))
  } catch {
    return undefined
  }
}
