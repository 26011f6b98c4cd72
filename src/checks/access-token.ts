import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { isSignedBy, isVerificationKey, parseToken } from '../spine/access-token.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import { audiencesOf, type ClaimFault, faultsOfClaims, organisationOf, profileOf } from '../spine/token-claims.ts'
import type { Start } from './check-needs.ts'
import type { Bound } from './identity-binding.ts'
import type { Recognised } from './interaction-form.ts'
import type { Addressed } from './receiver-interaction.ts'
import type { WellFormed } from './request-form.ts'

/** Settings of row 13. */
export const accessTokenSettings = z.strictObject({
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: record what is wrong with tokens and let the calls pass.'),
  clockSkewSeconds: z.int().min(0).max(600).default(5).describe('How long after its expiry a token is still taken.'),
  reasonsForRequest: z
    .array(z.string().min(1))
    .min(1)
    .default(['directcare', 'migration'])
    .describe('Values of reason_for_request that are taken; the flat profile also has secondaryuses and patientaccess.'),
  keys: z
    .array(
      z.strictObject({
        asid: z
          .string()
          .regex(/^[0-9]{12}$/)
          .describe('The sending system whose tokens must be signed.'),
        interaction: z.string().optional().describe('Only for this interaction; absent for every one.'),
        publicKeys: z
          .array(
            z
              .string()
              .refine(isPublicKeyPem, 'must be one PEM public key (SPKI): RSA of 2,048 bits or more, P-256, P-384, P-521 or Ed25519'),
          )
          .min(1)
          .describe('PEM public keys (SPKI), any of which may have signed.'),
      }),
    )
    .default([])
    .describe('Consumers that sign their tokens. A party that has keys here never passes with an unsigned token.'),
})

/** What row 13 found in a token that passed. */
export interface Claimed {
  /** The claims' JSON as it came. */
  readonly claims?: string
  /** Rules that are only ever observed: consumers in the field still break them. */
  readonly tokenRemarks?: readonly string[]
}

/** The parts that row 13 takes. */
export interface AccessTokenNeeds {
  readonly settings: { readonly 'access-token': z.infer<typeof accessTokenSettings> }
  readonly clock: Clock
}

interface Signer {
  readonly interaction: string | undefined
  readonly keys: readonly KeyObject[]
}

const rule = 'access-token'

/** Row 13: the audit token, rule by rule (section 4 of the decisions). */
export const accessToken = {
  name: rule,
  summary: 'The audit token is well-formed, in time, fits the interaction, and is signed where the consumer has keys.',
  modes: ['enforce', 'observe'],
  codes: ['BAD_REQUEST', 'INVALID_RESOURCE'],
  create: ({ settings: { 'access-token': settings }, clock }: AccessTokenNeeds) => {
    const reasons: ReadonlySet<string> = new Set(settings.reasonsForRequest)
    const signers = signersOf(settings.keys)
    return function decide(start: Start & WellFormed & Bound & Addressed & Recognised): Claimed | Refusal {
      const token = parseToken(start.token)
      if ('fault' in token) return badToken([token.fault])
      const signer = signers
        .get(start.consumer.asid)
        ?.filter((one) => one.interaction === undefined || one.interaction === start.interactionId)
      if (signer !== undefined && signer.length > 0) {
        if (
          !isSignedBy(
            token,
            signer.flatMap((one) => one.keys),
          )
        )
          return forgedToken('the token must be signed with a key that is registered for Ssp-From')
      } else if (token.algorithm !== 'none')
        return badToken([`the token is signed (${shown(token.algorithm)}) and no key is registered for Ssp-From`])
      else if (token.signature.length > 0) return forgedToken('the token says alg none and carries a signature')
      const faults = faultsOfClaims(token.claims, {
        now: Math.floor(clock.now() / 1000),
        clockSkewSeconds: settings.clockSkewSeconds,
        interaction: start.interaction,
        reasons,
      })
      if (faults.length > 0) return refusalOf(faults)
      const tokenRemarks = remarks(token.claims, start)
      return tokenRemarks.length > 0 ? { claims: token.claimsText, tokenRemarks } : { claims: token.claimsText }
    }
  },
} as const

/** Only a public key: `createPublicKey` would derive one from a private key, which has no business in these settings. */
function isPublicKeyPem(pem: string): boolean {
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) return false
  try {
    return isVerificationKey(createPublicKey(pem))
  } catch {
    return false
  }
}

function signersOf(keys: z.infer<typeof accessTokenSettings>['keys']): ReadonlyMap<string, readonly Signer[]> {
  const signers = new Map<string, Signer[]>()
  for (const { asid, interaction, publicKeys } of keys) {
    const of = signers.get(asid) ?? []
    signers.set(asid, of)
    of.push({ interaction, keys: publicKeys.map((pem) => createPublicKey(pem)) })
  }
  return signers
}

function refusalOf(faults: readonly ClaimFault[]): Refusal {
  const details = faults.map((one) => `${one.claim}: ${one.detail}`)
  const onlyResources = faults.every((one) => one.kind === 'resource')
  return onlyResources
    ? refuse(rule, 'INVALID_RESOURCE', {
        reason: details.join('; '),
        faults: details.map((detail) => ({ header: 'Authorization', detail })),
      })
    : badToken(details)
}

function badToken(details: readonly string[], suspicion?: 'token-forgery'): Refusal {
  const faults = details.map((detail) => ({ header: 'Authorization', detail }))
  return refuse(rule, 'BAD_REQUEST', { reason: details.join('; '), faults, ...(suspicion !== undefined && { suspicion }) })
}

/** A token that somebody has tampered with, or made without the key. */
function forgedToken(detail: string): Refusal {
  return badToken([detail], 'token-forgery')
}

function shown(algorithm: string): string {
  return /^[A-Za-z0-9-]{1,16}$/.test(algorithm) ? algorithm : 'unknown algorithm'
}

/** Many consumers still send the audience of an older profile, so neither rule can refuse. */
function remarks(claims: Readonly<Record<string, unknown>>, { endpoint, consumer }: Bound & Addressed): readonly string[] {
  const found: string[] = []
  if (profileOf(claims) === 'stu3' && !audiencesOf(claims).includes(endpoint.url)) found.push('aud is not the registered endpoint')
  const organisation = organisationOf(claims)
  if (organisation !== undefined && organisation !== consumer.odsCode)
    found.push('requesting_organization is not the organisation of Ssp-From')
  return found
}
