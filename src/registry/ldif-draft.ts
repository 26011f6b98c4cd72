import type { LdifEntry } from './ldif-entry.ts'
import { type FieldName, type RecordDraft, unknownDraft } from './record-draft.ts'

/**
 * SDS attributes (schema of the national directory), lower-cased, by the field they fill. Product details that no decision
 * needs may repeat.
 */
const systemAttributes: readonly (readonly [FieldName, string])[] = [
  ['asid', 'uniqueidentifier'],
  ['odsCode', 'nhsidcode'],
  ['partyKey', 'nhsmhspartykey'],
  ['manufacturer', 'nhsmhsmanufacturerorg'],
  ['productName', 'nhsproductname'],
]
const endpointAttributes: readonly (readonly [FieldName, string])[] = [
  ['cpaId', 'nhsmhscpaid'],
  ['odsCode', 'nhsidcode'],
  ['partyKey', 'nhsmhspartykey'],
  ['url', 'nhsmhsendpoint'],
  ['fqdn', 'nhsmhsfqdn'],
]

/** Makes a draft of an nhsAs or nhsMhs entry; of another object class, its name comes back. */
export function ldifDraft(entry: LdifEntry): RecordDraft | string {
  const { attributes } = entry
  const change = attributes.get('changetype')?.[0]?.trim().toLowerCase()
  if (change !== undefined && change !== 'add')
    return faulty(entry, `it is a change of type "${change.slice(0, 16)}": a registry file holds whole records, not changes`)
  if (!attributes.has('dn')) return faulty(entry, 'the entry has no dn')
  const classes = (attributes.get('objectclass') ?? []).map((name) => name.trim().toLowerCase())
  if (classes.includes('nhsas')) return systemDraft(entry)
  if (classes.includes('nhsmhs')) return endpointDraft(entry)
  if (entry.faults.length > 0) return faulty(entry, 'the entry names no object class that is known')
  return (classes.find((name) => name !== 'top') ?? 'none').slice(0, 64)
}

function faulty(entry: LdifEntry, fault: string): RecordDraft {
  return unknownDraft(entry.line, [fault, ...entry.faults].join('; '))
}

function systemDraft(entry: LdifEntry): RecordDraft {
  const faults = [...entry.faults]
  const fields = singleValues(entry, systemAttributes, faults)
  return { kind: 'system', line: entry.line, fields, interactions: entry.attributes.get('nhsassvcia') ?? [], faults, warnings: [] }
}

function endpointDraft(entry: LdifEntry): RecordDraft {
  const faults = [...entry.faults]
  const warnings: string[] = []
  const fields = singleValues(entry, endpointAttributes, faults)
  const identifier = entry.attributes.get('uniqueidentifier')?.[0]
  if (fields.cpaId === undefined && identifier !== undefined) fields.cpaId = identifier
  else if (identifier !== undefined && identifier !== fields.cpaId) warnings.push(`uniqueIdentifier ${identifier} differs from nhsMhsCPAId`)
  const interactions = entry.attributes.get('nhsmhssvcia')
  if (interactions !== undefined && interactions.length > 1) warnings.push('several nhsMhsSvcIA: the national directory holds one a record')
  const name = entry.attributes.get('nhsmhssn')?.[0]
  const action = entry.attributes.get('nhsmhsin')?.[0]
  if (interactions?.length === 1 && name !== undefined && action !== undefined && interactions[0] !== `${name}:${action}`)
    warnings.push('nhsMhsSvcIA is not nhsMhsSN, a colon and nhsMhsIN')
  return { kind: 'endpoint', line: entry.line, fields, ...(interactions === undefined ? {} : { interactions }), faults, warnings }
}

/** The same value twice is one value; two different ones for a field that can have one are a fault. */
function singleValues(
  entry: LdifEntry,
  attributes: readonly (readonly [FieldName, string])[],
  faults: string[],
): Partial<Record<FieldName, string>> {
  const fields: Partial<Record<FieldName, string>> = {}
  for (const [field, attribute] of attributes) {
    const values = entry.attributes.get(attribute)
    if (values === undefined) continue
    if (values.some((value) => value !== values[0])) faults.push(`${attribute} has several different values`)
    else fields[field] = values[0]!
  }
  return fields
}
