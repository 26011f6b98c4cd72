import { judgeUrl, nameFault } from './endpoint-url.ts'
import type { FieldName, RecordDraft } from './record-draft.ts'

/** A record as far as it could be understood. With `faults`, it is set aside, and the rest only says which calls would have needed it. */
export interface JudgedSystem {
  readonly kind: 'system'
  readonly line: number
  /** What findings call it: the ASID. */
  readonly record: string
  /** Present when it has the form of one, even where the record is faulty. */
  readonly asid: string | undefined
  readonly odsCode: string | undefined
  /** Upper-cased. */
  readonly partyKey: string | undefined
  readonly interactions: readonly string[]
  readonly manufacturer: string | undefined
  readonly productName: string | undefined
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** An endpoint's record; `interactions` is empty for a consumer's, which registers its FQDN alone. */
export interface JudgedEndpoint {
  readonly kind: 'endpoint'
  readonly line: number
  /** What findings call it: the CPA id. */
  readonly record: string
  readonly cpaId: string
  readonly odsCode: string | undefined
  /** Upper-cased. */
  readonly partyKey: string | undefined
  readonly interactions: readonly string[]
  readonly url: string
  readonly host: string
  /** Lower-cased. */
  readonly fqdn: string
  /** Lower-cased. */
  readonly pin: string | undefined
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

const odsForm = /^[A-Za-z0-9]{1,9}$/
const partyKeyForm = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/
const usualPartyKey = /^[A-Z0-9]{1,9}-[0-9]{5,9}$/
/** Printable, no space: what `Ssp-InteractionID` can carry. */
const interactionForm = /^[\x21-\x7e]{1,255}$/
const textLimit = 256

/** Judges a system's record by the forms of the directory and by lint (decisions, section 8). Pure; never throws. */
export function judgeSystem(draft: RecordDraft): JudgedSystem {
  const faults = [...draft.faults]
  const warnings = [...draft.warnings]
  const fields = fieldReader(draft, faults)
  const asid = fields.required('asid', /^\d{12}$/, '12 digits')
  const interactions = draft.interactions === undefined ? [] : interactionsOf(draft, faults)
  if (draft.interactions === undefined && draft.faults.length === 0)
    faults.push('interactions is missing; a system that sends nothing has an empty list')
  return {
    kind: 'system',
    line: draft.line,
    record: shown(draft.fields.asid),
    asid,
    ...organisation(fields, warnings),
    interactions,
    manufacturer: fields.text('manufacturer'),
    productName: fields.text('productName'),
    faults,
    warnings,
  }
}

/** Judges an endpoint's record likewise. */
export function judgeEndpoint(draft: RecordDraft): JudgedEndpoint {
  const faults = [...draft.faults]
  const warnings = [...draft.warnings]
  const fields = fieldReader(draft, faults)
  const cpaId = fields.required('cpaId', /^[A-Za-z0-9:_-]{1,128}$/, 'letters, digits, hyphens, colons and underscores')
  const { odsCode, partyKey } = organisation(fields, warnings)
  const fqdn = fields.required('fqdn', /^[^\s]+$/, 'a DNS name')
  const pin = draft.fields.pin === undefined ? undefined : fields.required('pin', /^[0-9a-fA-F]{64}$/, 'a SHA-256 in 64 hex digits')
  const fqdnFault = fqdn === undefined ? undefined : nameFault(fqdn)
  if (fqdnFault !== undefined) faults.push(`fqdn ${fqdnFault}`)
  const interactions = draft.interactions === undefined ? [] : interactionsOf(draft, faults)
  const url = draft.fields.url === undefined ? undefined : fields.required('url', /^.{1,2000}$/s, 'at most 2,000 characters')
  if ((draft.fields.url === undefined) !== (draft.interactions === undefined))
    faults.push(
      draft.fields.url === undefined ? 'the record names an interaction but no url' : 'the record has a url but names no interaction',
    )
  if (draft.interactions?.length === 0)
    faults.push('interactions is empty: a record that provides nothing has neither interactions nor url')
  const judged = url === undefined ? undefined : judgeUrl(url, odsCode)
  if (judged !== undefined) {
    faults.push(...judged.faults)
    warnings.push(...judged.warnings)
    if (judged.faults.length === 0 && fqdn !== undefined && fqdn.toLowerCase() !== judged.host && pin === undefined)
      faults.push(`fqdn ${shown(fqdn)} is not the host of url, ${judged.host}, and the record has no pin`)
    if (judged.faults.length === 0 && judged.path === '' && interactions.some((id) => id.startsWith('urn:nhs:names:services:gpconnect:')))
      warnings.push("url is a bare host: this looks like a consumer's registration, whose interactions stand on its system alone")
  }
  return {
    kind: 'endpoint',
    line: draft.line,
    record: shown(draft.fields.cpaId),
    cpaId: cpaId ?? '',
    odsCode,
    partyKey,
    interactions,
    url: url ?? '',
    host: judged?.host ?? '',
    fqdn: (fqdn ?? '').toLowerCase(),
    pin: pin?.toLowerCase(),
    faults,
    warnings,
  }
}

interface FieldReader {
  required(field: FieldName, form: RegExp, expected: string): string | undefined
  text(field: FieldName): string | undefined
}

/** Reads fields and notes their faults. A value with blanks around it is a fault, and known by what stands between them. */
function fieldReader(draft: RecordDraft, faults: string[]): FieldReader {
  function trimmed(field: FieldName): string | undefined {
    const value = draft.fields[field]
    const inner = value?.trim()
    if (value !== inner) faults.push(`${field} has blanks around it`)
    return inner
  }
  return {
    required(field, form, expected) {
      const value = trimmed(field)
      if (value === undefined || value === '') {
        faults.push(`${field} is missing`)
        return undefined
      }
      if (form.test(value)) return value
      faults.push(`${field} must be ${expected}, not "${shown(value)}"`)
      return undefined
    },
    text(field) {
      const value = trimmed(field)
      if (value !== undefined && (value.length > textLimit || /[\u0000-\u001f\u007f\ufffd]/.test(value)))
        faults.push(`${field} holds control characters, bytes that are not UTF-8, or more than ${textLimit} characters`)
      return value === '' ? undefined : value
    },
  }
}

function organisation(fields: FieldReader, warnings: string[]): { odsCode: string | undefined; partyKey: string | undefined } {
  const odsCode = fields.required('odsCode', odsForm, '1 to 9 letters and digits')
  const partyKey = fields.required('partyKey', partyKeyForm, 'letters, digits and hyphens')?.toUpperCase()
  if (odsCode !== undefined && odsCode !== odsCode.toUpperCase())
    warnings.push(`odsCode ${odsCode} has lower-case letters: it is compared exactly`)
  if (partyKey !== undefined && !usualPartyKey.test(partyKey))
    warnings.push(`partyKey ${shown(partyKey)} has not the usual form, ODS code, hyphen, digits`)
  return { odsCode, partyKey }
}

function interactionsOf(draft: RecordDraft, faults: string[]): string[] {
  const good: string[] = []
  let bad: string | undefined
  for (const interaction of draft.interactions ?? []) {
    if (interactionForm.test(interaction)) good.push(interaction)
    else bad ??= interaction
  }
  if (bad === undefined) return good
  faults.push(`an interaction must be printable text without blanks, not "${shown(bad)}"`)
  const inner = bad.trim()
  return interactionForm.test(inner) ? [...good, inner] : good
}

/** A value as it may stand in a message: short, controls made visible. */
function shown(value: string | undefined): string {
  const short = (value ?? '').slice(0, 64)
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
