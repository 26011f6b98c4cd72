import type { Interaction } from './interaction-id.ts'

/** Which generation of the audit token it is, told by its claims. */
export type TokenProfile = 'stu3' | 'dstu2' | 'flat'

/** One rule that a token's claims break. `resource`: a requesting resource of a wrong kind, which is answered 422. */
export interface ClaimFault {
  readonly kind: 'claim' | 'resource'
  readonly claim: string
  readonly detail: string
}

/** What the claims are held against. */
export interface ClaimContext {
  /** Seconds since 1970. */
  readonly now: number
  readonly clockSkewSeconds: number
  readonly interaction: Interaction | undefined
  readonly reasons: ReadonlySet<string>
}

type Claims = Readonly<Record<string, unknown>>

const dstu2Audience = 'https://authorize.fhir.nhs.net/token'
const lifetimeSeconds = 300
/** A consumer's clock may be this far ahead: the field's tests accept 200 s. */
const aheadSeconds = 300
const anyScope: ReadonlySet<string> = new Set(['patient/*.read', 'patient/*.write', 'organization/*.read', 'organization/*.write'])
const confidentiality: ReadonlySet<string> = new Set(['conf/N', 'conf/R'])
const flatReasons: readonly string[] = ['secondaryuses', 'patientaccess']

/** Tells the profile: the flat one of Spine core by its requesting_system or scope, DSTU2 by its requested_record or fixed audience, else STU3. */
export function profileOf(claims: Claims): TokenProfile {
  if (claims['requested_scope'] === undefined && (claims['requesting_system'] !== undefined || claims['scope'] !== undefined)) return 'flat'
  if (
    claims['requested_record'] !== undefined ||
    (audiencesOf(claims).includes(dstu2Audience) && typeof nameOf(claims) === 'object' && !Array.isArray(nameOf(claims)))
  )
    return 'dstu2'
  return 'stu3'
}

/** Whom the token is meant for: one text or a list of them (RFC 7519, 4.1.3). Empty where the claim is neither, or one of them is empty. */
export function audiencesOf({ aud }: Claims): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return audiences.every(isText) ? audiences : []
}

function nameOf(claims: Claims): unknown {
  return (claims['requesting_practitioner'] as { name?: unknown } | null | undefined)?.name
}

/** Every rule that the claims break, in the order in which a developer would mend them. Empty where there is none. */
export function faultsOfClaims(claims: Claims, context: ClaimContext): readonly ClaimFault[] {
  const profile = profileOf(claims)
  return [
    ...['iss', 'sub'].filter((name) => !isText(claims[name])).map((name) => claimFault(name, 'must be present and not empty')),
    ...(audiencesOf(claims).length === 0 ? [claimFault('aud', 'must be present and not empty')] : []),
    ...faultsOfTime(claims, context),
    ...faultsOfReason(claims, context, profile),
    ...faultsOfScope(claims, context, profile),
    ...(profile === 'flat' ? faultsOfFlatParties(claims) : faultsOfResources(claims)),
  ]
}

function faultsOfTime(claims: Claims, { now, clockSkewSeconds }: ClaimContext): readonly ClaimFault[] {
  const { iat, exp } = claims
  if (!Number.isSafeInteger(iat)) return [claimFault('iat', 'must be a whole number of seconds since 1970')]
  if (!Number.isSafeInteger(exp)) return [claimFault('exp', 'must be a whole number of seconds since 1970')]
  const issued = iat as number
  const expires = exp as number
  if (expires !== issued + lifetimeSeconds)
    return [claimFault('exp', `must be iat + ${lifetimeSeconds}; it is iat ${signed(expires - issued)}`)]
  if (issued > now + aheadSeconds) return [claimFault('iat', `lies ${issued - now} seconds ahead: set the clock by NTP`)]
  if (expires < now - clockSkewSeconds)
    return [claimFault('exp', `the token expired ${now - expires} seconds ago: make a new one for each request, and set the clock by NTP`)]
  return []
}

function signed(difference: number): string {
  return difference < 0 ? `- ${-difference}` : `+ ${difference}`
}

function faultsOfReason(claims: Claims, { reasons }: ClaimContext, profile: TokenProfile): readonly ClaimFault[] {
  const reason = claims['reason_for_request']
  const fits = typeof reason === 'string' && (reasons.has(reason) || (profile === 'flat' && flatReasons.includes(reason)))
  return fits
    ? []
    : [claimFault('reason_for_request', `must be one of ${[...reasons, ...(profile === 'flat' ? flatReasons : [])].join(', ')}`)]
}

function faultsOfScope(claims: Claims, { interaction }: ClaimContext, profile: TokenProfile): readonly ClaimFault[] {
  const name = profile === 'flat' ? 'scope' : 'requested_scope'
  const value = claims[name]
  if (!isText(value)) return [claimFault(name, 'must be present and not empty')]
  const scopes = value.split(' ').filter((scope) => !confidentiality.has(scope))
  const wanted = interaction === undefined ? anyScope : new Set([interaction.scope])
  if (scopes.length === 1 && wanted.has(scopes[0]!)) return []
  return [claimFault(name, `must be ${[...wanted].join(' or ')} for this interaction, with conf/N or conf/R beside it where needed`)]
}

/** Absent or null is a missing claim; anything but a resource of the right type is an invalid resource. What else is in it is the provider's to judge. */
function faultsOfResources(claims: Claims): readonly ClaimFault[] {
  const faults: ClaimFault[] = []
  for (const [name, type] of resources) {
    const value = claims[name]
    if (value === undefined || value === null) faults.push(claimFault(name, 'must be present'))
    else if (typeof value !== 'object' || (value as { resourceType?: unknown }).resourceType !== type)
      faults.push({ kind: 'resource', claim: name, detail: `must be a resource of type ${type}` })
  }
  const practitioner = claims['requesting_practitioner'] as { id?: unknown } | null | undefined
  if (faults.length === 0 && isText(claims['sub']) && practitioner?.id !== claims['sub'])
    faults.push(claimFault('sub', 'must equal requesting_practitioner.id'))
  return faults
}

const resources = [
  ['requesting_device', 'Device'],
  ['requesting_organization', 'Organization'],
  ['requesting_practitioner', 'Practitioner'],
] as const

/** Spine core: `sub` is the user, else the patient, else the system. */
function faultsOfFlatParties(claims: Claims): readonly ClaimFault[] {
  const missing = ['requesting_system', 'requesting_organization'].filter((name) => !isText(claims[name]))
  if (missing.length > 0) return missing.map((name) => claimFault(name, 'must be present and not empty'))
  const subject = [claims['requesting_user'], claims['requesting_patient'], claims['requesting_system']].find(isText)
  return isText(claims['sub']) && claims['sub'] !== subject
    ? [claimFault('sub', 'must equal requesting_user, else requesting_patient, else requesting_system')]
    : []
}

/** The ODS code of the organisation that the token speaks for, in whichever profile, if it can be told. */
export function organisationOf(claims: Claims): string | undefined {
  const organisation = claims['requesting_organization']
  if (typeof organisation === 'string') return organisation.includes('|') ? organisation.slice(organisation.indexOf('|') + 1) : organisation
  const identifiers = (organisation as { identifier?: unknown } | null | undefined)?.identifier
  if (!Array.isArray(identifiers)) return undefined
  const found = identifiers.find(
    (one: { system?: unknown } | null) => typeof one?.system === 'string' && one.system.endsWith('/ods-organization-code'),
  ) as { value?: unknown } | undefined
  return typeof found?.value === 'string' ? found.value : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function claimFault(claim: string, detail: string): ClaimFault {
  return { kind: 'claim', claim, detail }
}
