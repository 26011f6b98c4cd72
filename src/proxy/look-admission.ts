import { passed, type Start } from '../checks/check-needs.ts'
import { type Certified, clientCertificate } from '../checks/client-certificate.ts'
import { lockout } from '../checks/lockout.ts'
import { overLimit, type Rated, type ThrottleNeeds, throttle } from '../checks/throttle.ts'
import type { Want } from '../protection/allowances.ts'
import { limitsInForce } from '../protection/limits-in-force.ts'
import { isLook, type LookForm } from '../spine/arrival.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import type { AdmissionNeeds } from './admission.ts'
import { type CheckEntry, Pipeline, type Proven } from './pipeline.ts'

/** Row 1, of a look: the target names an exchange. */
const lookForm = {
  name: 'wire-form',
  summary: 'The request has one framing, one meaning for each deciding header, and names an exchange.',
  modes: ['enforce'],
  codes: ['MALFORMED_REQUEST'],
  create: () =>
    function decide({ form }: Start): LookForm | Refusal {
      if (isRefusal(form) || isLook(form)) return form
      return refuse('wire-form', 'MALFORMED_REQUEST', { reason: 'the request target names no exchange' })
    },
} as const satisfies CheckEntry<AdmissionNeeds, Start, LookForm>

/** A verdict is read, and nothing else can be done with it. */
const lookMethod = {
  name: 'method',
  summary: 'The method is GET.',
  modes: ['enforce'],
  codes: ['METHOD_NOT_ALLOWED'],
  create: () =>
    function decide({ method }: Start): object | Refusal {
      if (method === 'GET') return passed
      return refuse('method', 'METHOD_NOT_ALLOWED', { reason: 'the verdict of an exchange is read by GET', headers: ['Allow', 'GET'] })
    },
} as const satisfies CheckEntry<AdmissionNeeds, Start, object>

/**
 * Row 14, of a look. Who asks is known by the certificate alone, so it counts by that: as a call by the limit of certificates, and where
 * those have none, in a count of its own by the usual limit of a sending system.
 */
const lookThrottle = {
  name: throttle.name,
  summary: 'The look is within the rate of its certificate.',
  modes: throttle.modes,
  codes: throttle.codes,
  create: ({ settings, allowances, clock }: ThrottleNeeds) => {
    const inForce = limitsInForce(settings.throttle)
    return function decide({ certificate: { sha256 } }: Certified): Rated | Refusal {
      const limits = inForce(clock.now())
      const certificates = limits.find(({ dimension }) => dimension === 'certificate')
      const own = certificates?.overrides.get(sha256) ?? certificates?.usual
      // A trial of a limit, and one that is none on rates, leave looks the usual one: each costs a record.
      const holds = own?.rate !== undefined && certificates?.observe === false
      const limit = holds ? own : limits.find(({ dimension }) => dimension === 'system')?.usual
      if (limit === undefined) return passed
      const want: Want = { dimension: 'certificate', party: sha256, limit, observe: false }
      const taking = allowances.take([want], 0)
      return taking.taken ? { holding: taking.holding } : overLimit(taking.over, [want], taking.settles)
    }
  },
} as const satisfies CheckEntry<ThrottleNeeds, Certified, Rated>

/** What a request for the verdict of an exchange must pass, in order: rows 1 to 3 and 14 of the decision table. */
export const lookAdmission = Pipeline.of<AdmissionNeeds, Start>()
  .use(lookForm)
  .use(clientCertificate)
  .use(lockout)
  .use(lookMethod)
  .use(lookThrottle)

/** A look that has passed them. Who may see what of the exchange is the next question. */
export type AdmittedLook = Proven<typeof lookAdmission>
