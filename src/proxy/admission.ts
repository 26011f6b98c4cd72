import { z } from 'zod'
import { type AccessTokenNeeds, accessToken, accessTokenSettings } from '../checks/access-token.ts'
import type { Start } from '../checks/check-needs.ts'
import { clientCertificate } from '../checks/client-certificate.ts'
import { dataSharing } from '../checks/data-sharing.ts'
import { identityBinding } from '../checks/identity-binding.ts'
import { interactionForm } from '../checks/interaction-form.ts'
import { type LockoutNeeds, lockout, lockoutEndpoint, lockoutSender } from '../checks/lockout.ts'
import { mediaType } from '../checks/media-type.ts'
import { method, methodSettings } from '../checks/method.ts'
import { receiverInteraction } from '../checks/receiver-interaction.ts'
import { registeredEndpoint } from '../checks/registered-endpoint.ts'
import { requestForm } from '../checks/request-form.ts'
import { senderInteraction } from '../checks/sender-interaction.ts'
import { type ThrottleNeeds, throttle } from '../checks/throttle.ts'
import { wireForm } from '../checks/wire-form.ts'
import { throttleSettings } from '../protection/throttle-settings.ts'
import { type Mode, Pipeline, type Proven } from './pipeline.ts'

const observable = z.strictObject({
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: record what would be refused, and let it pass.'),
})

/** The settings of the checks that have any, by the check's name. */
export const checkSettings = z.strictObject({
  method: methodSettings.prefault({}),
  'media-type': observable.prefault({}),
  'data-sharing': observable.prefault({}),
  'interaction-form': observable.prefault({}),
  'access-token': accessTokenSettings.prefault({}),
  throttle: throttleSettings.prefault({}),
})

/** The settings of the checks, as read. */
export type CheckSettings = z.infer<typeof checkSettings>

/** What the checks take, all of them together. */
export type AdmissionNeeds = LockoutNeeds & AccessTokenNeeds & ThrottleNeeds & { readonly settings: CheckSettings }

/** The checks a request must pass, in order. To add one, write its file and name it here. */
export const admission = Pipeline.of<AdmissionNeeds, Start>()
  .use(wireForm)
  .use(clientCertificate)
  .use(lockout)
  .use(method)
  .use(requestForm)
  .use(mediaType)
  .use(identityBinding)
  .use(lockoutSender)
  .use(senderInteraction)
  .use(receiverInteraction)
  .use(lockoutEndpoint)
  .use(dataSharing)
  .use(registeredEndpoint)
  .use(interactionForm)
  .use(accessToken)
  .use(throttle)

/** A request that has passed them all; nothing else may be forwarded. */
export type Admitted = Proven<typeof admission>

/** What the checks prove, none of it proven yet. */
type Unproven = { readonly [Name in Exclude<keyof Admitted | AlsoProven, keyof Start>]: undefined }
/** Of the wire's form and the certificate's verdict, what nobody asks for behind the checks that read it. */
type AlsoProven = 'kind'

/**
 * The object that what is proven of a request is put into, with a place for all of it: V8 makes a dictionary of an object that more than a dozen members are added
 * to by name, and the whole path reads from this one.
 */
export function beginEvidence(start: Start): Start & Unproven {
  return {
    ...start,
    kind: undefined,
    target: undefined,
    body: undefined,
    connectionNames: undefined,
    certificate: undefined,
    traceId: undefined,
    from: undefined,
    to: undefined,
    interactionId: undefined,
    token: undefined,
    consumer: undefined,
    provider: undefined,
    endpoint: undefined,
    sharingRule: undefined,
    pathUnderRoot: undefined,
    interaction: undefined,
    claims: undefined,
    tokenRemarks: undefined,
    holding: undefined,
    beyond: undefined,
  }
}

/** Whether a check enforces or observes under these settings. */
export function modeUnder(settings: CheckSettings): (name: string) => Mode {
  const modes = settings as Readonly<Record<string, { readonly mode?: Mode } | undefined>>
  return (name) => modes[name]?.mode ?? 'enforce'
}

/** The checks that only observe under these settings. */
export function observedUnder(settings: CheckSettings): readonly string[] {
  return admission.entries.map((entry) => entry.name).filter((name) => modeUnder(settings)(name) === 'observe')
}
