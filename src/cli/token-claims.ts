import type { AccreditedSystem } from '../spine/accredited-system.ts'

/** The generations of the audit token (contract 5.2, 5.3, 5.4). */
export const tokenProfiles = ['stu3', 'dstu2', 'flat'] as const

/** One of them. */
export type DemoTokenProfile = (typeof tokenProfiles)[number]

/** What a token is made for. */
export interface TokenPurpose {
  readonly profile: DemoTokenProfile
  readonly consumer: AccreditedSystem
  /** The registered endpoint to the letter. */
  readonly endpointUrl: string
  readonly scope: string
  /** Seconds since 1970, whole. */
  readonly issuedAt: number
}

/** The demo consumer's address as its tokens name it. */
const issuer = 'https://consumer.thirdparty.nhs.uk/'
const userId = '10019'
/** The smartcard ids of somebody without a smartcard. */
const unknownRole = 'UNK'
/** A number that is never issued to anybody. */
const testNhsNumber = '9000000009'

/** The claims of a valid audit token for an invented member of staff; expires 300 s after it was issued, as the contract demands. */
export function tokenClaims(purpose: TokenPurpose): Readonly<Record<string, unknown>> {
  const common = { iss: issuer, iat: purpose.issuedAt, exp: purpose.issuedAt + 300, reason_for_request: 'directcare' }
  switch (purpose.profile) {
    case 'stu3':
      return { ...common, ...stu3Claims(purpose) }
    case 'dstu2':
      return { ...common, ...dstu2Claims(purpose) }
    case 'flat':
      return { ...common, ...flatClaims(purpose) }
  }
}

/** A compact JWT that is not signed: algorithm `none`, and the full stop at its end that stands before the missing signature. */
export function unsignedToken(claims: Readonly<Record<string, unknown>>): string {
  const section = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${section({ alg: 'none', typ: 'JWT' })}.${section(claims)}.`
}

function stu3Claims({ consumer, endpointUrl, scope }: TokenPurpose): object {
  return {
    sub: userId,
    aud: endpointUrl,
    requested_scope: scope,
    requesting_device: device(consumer),
    requesting_organization: organisation(consumer, 'https://fhir.nhs.uk/Id/ods-organization-code'),
    requesting_practitioner: {
      resourceType: 'Practitioner',
      id: userId,
      identifier: [
        { system: 'https://fhir.nhs.uk/Id/sds-user-id', value: unknownRole },
        { system: 'https://fhir.nhs.uk/Id/sds-role-profile-id', value: unknownRole },
        { system: `${issuer}Id/user`, value: userId },
      ],
      name: [{ family: 'Tester', given: ['Terry'], prefix: ['Dr'] }],
    },
  }
}

function dstu2Claims({ consumer, scope }: TokenPurpose): object {
  const record = scope.startsWith('patient/')
    ? { resourceType: 'Patient', identifier: [{ system: 'http://fhir.nhs.net/Id/nhs-number', value: testNhsNumber }] }
    : organisation(consumer, 'http://fhir.nhs.net/Id/ods-organization-code')
  return {
    sub: userId,
    aud: 'https://authorize.fhir.nhs.net/token',
    requested_scope: scope,
    requested_record: record,
    requesting_device: { id: '1', ...device(consumer) },
    requesting_organization: { id: '1', ...organisation(consumer, 'http://fhir.nhs.net/Id/ods-organization-code') },
    requesting_practitioner: {
      resourceType: 'Practitioner',
      id: userId,
      identifier: [{ system: 'http://fhir.nhs.net/sds-user-id', value: unknownRole }],
      name: { family: ['Tester'], given: ['Terry'], prefix: ['Dr'] },
      practitionerRole: [{ role: { coding: [{ system: 'http://fhir.nhs.net/ValueSet/sds-job-role-name-1', code: unknownRole }] } }],
    },
  }
}

function flatClaims({ consumer, endpointUrl, scope }: TokenPurpose): object {
  const user = `https://fhir.nhs.uk/Id/sds-role-profile-id|${userId}`
  return {
    sub: user,
    aud: endpointUrl,
    scope,
    requesting_system: `https://fhir.nhs.uk/Id/accredited-system|${consumer.asid}`,
    requesting_organization: `https://fhir.nhs.uk/Id/ods-organization-code|${consumer.odsCode}`,
    requesting_user: user,
  }
}

function device({ asid, productName }: AccreditedSystem): object {
  return {
    resourceType: 'Device',
    identifier: [{ system: `${issuer}Id/device`, value: asid }],
    model: productName ?? 'Demonstration consumer',
    version: '1.0',
  }
}

function organisation({ odsCode }: AccreditedSystem, system: string): object {
  return { resourceType: 'Organization', identifier: [{ system, value: odsCode }], name: `Organisation ${odsCode}` }
}
