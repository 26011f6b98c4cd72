/** Who an audit token says acted, a member of staff or in the flat profile a citizen. */
export interface TokenUser {
  readonly identifier: { readonly system?: string; readonly value: string }
  readonly name?: string
  /** Why it was asked for: `reason_for_request`, as `directcare`. */
  readonly reason?: string
}

type Claims = Readonly<Record<string, unknown>>

/** The value of an identifier of somebody who has no smartcard (contract 5.2). */
const nobody = 'UNK'

/**
 * The user of a token, of its claims as JSON text (contract 5.2 to 5.4): `requesting_practitioner`, by its first identifier that tells one person from
 * another, else by its id; in the flat profile `requesting_user`, else `requesting_patient`. Undefined where a system acted by itself, or nothing can be read.
 */
export function tokenUser(claims: string): TokenUser | undefined {
  const read = objectOf(claims)
  const reason = textOf(read['reason_for_request'])
  const user = flatUser(read) ?? practitioner(read['requesting_practitioner'])
  return user && { ...user, ...(reason !== undefined && { reason }) }
}

function objectOf(claims: string): Claims {
  try {
    const read: unknown = JSON.parse(claims)
    return isObject(read) ? read : {}
  } catch {
    return {}
  }
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Without control characters, which a FHIR string must not hold. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, ' ').trim() : ''
  return text === '' ? undefined : text
}

function identifierOf(system: unknown, value: unknown): TokenUser['identifier'] | undefined {
  const text = textOf(value)
  if (text === undefined || text === nobody) return undefined
  return typeof system === 'string' && /^\S+$/.test(system) ? { system, value: text } : { value: text }
}

/** `system|value`. */
function flatUser({ requesting_user: user, requesting_patient: patient }: Claims): TokenUser | undefined {
  const text = textOf(user) ?? textOf(patient)
  if (text === undefined) return undefined
  const bar = text.indexOf('|')
  const identifier = identifierOf(text.slice(0, Math.max(bar, 0)), text.slice(bar + 1))
  return identifier && { identifier }
}

function practitioner(resource: unknown): TokenUser | undefined {
  if (!isObject(resource)) return undefined
  const identifiers = Array.isArray(resource['identifier']) ? resource['identifier'].filter(isObject) : []
  const [identifier = identifierOf(undefined, resource['id'])] = identifiers.flatMap(
    ({ system, value }) => identifierOf(system, value) ?? [],
  )
  if (identifier === undefined) return undefined
  const name = humanName(Array.isArray(resource['name']) ? resource['name'][0] : resource['name'])
  return { identifier, ...(name !== undefined && { name }) }
}

/** A HumanName of STU3 or, where the family name is a list too, of DSTU2. */
function humanName(name: unknown): string | undefined {
  if (!isObject(name)) return undefined
  const parts = [name['prefix'], name['given'], name['family']].flat().flatMap((part) => textOf(part) ?? [])
  return textOf(name['text']) ?? textOf(parts.join(' '))
}
