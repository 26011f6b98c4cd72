import { createHash } from 'node:crypto'

/** A system in no particular file format. */
export interface SystemSpec {
  readonly asid: string
  readonly odsCode: string
  readonly partyKey: string
  readonly interactions: readonly string[]
  readonly manufacturer?: string
  readonly productName?: string
}

/** An endpoint; without interactions and url, the registration of a consumer's name. */
export interface EndpointSpec {
  readonly cpaId: string
  readonly odsCode: string
  readonly partyKey: string
  readonly fqdn: string
  readonly interactions?: readonly string[]
  readonly url?: string
}

/** The formats of a registry file, by their endings. */
export type RegistryFormat = 'yaml' | 'ndjson' | 'ldif'

/** Spells records in a format. YAML is made of its JSON subset. */
export function spell(format: RegistryFormat, systems: readonly SystemSpec[], endpoints: readonly EndpointSpec[]): string {
  switch (format) {
    case 'yaml':
      return `${JSON.stringify({ systems, endpoints }, undefined, 2)}\n`
    case 'ndjson':
      return [...systems.map(ndjsonSystem), ...endpoints.map(ndjsonEndpoint)].join('')
    case 'ldif':
      return ['version: 1\n\n', ...systems.map(ldifSystem), ...endpoints.map(ldifEndpoint)].join('')
  }
}

/** One NDJSON line. */
export function ndjsonSystem(system: SystemSpec): string {
  return `${JSON.stringify({ type: 'system', ...system })}\n`
}

/** One NDJSON line. */
export function ndjsonEndpoint(endpoint: EndpointSpec): string {
  return `${JSON.stringify({ type: 'endpoint', ...endpoint })}\n`
}

/** One nhsAs entry with the attributes that the directory demands. */
export function ldifSystem(system: SystemSpec): string {
  return entry([
    `dn: uniqueIdentifier=${system.asid},ou=Services,o=nhs`,
    'objectClass: nhsAs',
    'objectClass: top',
    ...system.interactions.map((interaction) => `nhsAsSvcIA: ${interaction}`),
    `nhsAsClient: ${system.odsCode}`,
    `nhsIDCode: ${system.odsCode}`,
    `nhsMHSPartyKey: ${system.partyKey}`,
    ...(system.manufacturer === undefined ? [] : [`nhsMhsManufacturerOrg: ${system.manufacturer}`]),
    ...(system.productName === undefined ? [] : [`nhsProductName: ${system.productName}`]),
    `uniqueIdentifier: ${system.asid}`,
    'nhsApproverURP: System',
    'nhsDateApproved: 20240116173441',
  ])
}

/** One nhsMhs entry for each interaction, as the directory has them, or one without any. */
export function ldifEndpoint(endpoint: EndpointSpec): string {
  const interactions = endpoint.interactions ?? [undefined]
  return interactions.map((interaction) => mhsEntry(endpoint, interaction)).join('')
}

function mhsEntry(endpoint: EndpointSpec, interaction: string | undefined): string {
  const identifier = createHash('sha1')
    .update(endpoint.cpaId)
    .update(interaction ?? '')
    .digest('hex')
    .slice(0, 20)
  const colon = interaction?.lastIndexOf(':') ?? 0
  return entry([
    `dn: uniqueIdentifier=${identifier},ou=Services,o=nhs`,
    'objectClass: nhsMhs',
    'objectClass: top',
    'nhsEPInteractionType: FHIR',
    `nhsIDCode: ${endpoint.odsCode}`,
    `nhsMhsCPAId: ${endpoint.cpaId}`,
    ...(endpoint.url === undefined ? [] : [`nhsMHSEndPoint: ${endpoint.url}`]),
    `nhsMhsFQDN: ${endpoint.fqdn}`,
    `nhsMHSPartyKey: ${endpoint.partyKey}`,
    ...(interaction === undefined
      ? []
      : [`nhsMHsIN: ${interaction.slice(colon + 1)}`, `nhsMHsSN: ${interaction.slice(0, colon)}`, `nhsMhsSvcIA: ${interaction}`]),
    'nhsMHSIsAuthenticated: none',
  ])
}

/** Folded at 76 characters as RFC 2849 has it. */
function entry(lines: readonly string[]): string {
  return `${lines.map((line) => line.replace(/.{76}(?=.)/g, '$&\n ')).join('\n')}\n\n`
}
