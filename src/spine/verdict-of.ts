import type { Origin } from './origin.ts'
import type { RefusalCode } from './refusal.ts'
import type { VerdictCode } from './verdict-code.ts'

type Finer = Readonly<Record<string, VerdictCode>>

/** Refusals that mean different things by the rule that gave them. The rule is public beside the verdict, so the finer name tells no more. */
const byRule: { readonly [Code in RefusalCode]?: Finer } = {
  BAD_CERTIFICATE: { 'identity-binding': 'CERTIFICATE_NOT_BOUND' },
  BAD_REQUEST: {
    'receiver-interaction': 'RECEIVER_UNKNOWN',
    'interaction-form': 'INTERACTION_FORM_VARIES',
    'access-token': 'ACCESS_TOKEN_INVALID',
  },
}

/** Refusals that mean different things by where the fault lies. */
const byOrigin: { readonly [Code in RefusalCode]?: { readonly [Where in Origin]?: VerdictCode } } = {
  PROVIDER_UNREACHABLE: {
    'provider-tls': 'PROVIDER_TLS_FAILED',
    provider: 'PROVIDER_ANSWER_INVALID',
    policy: 'PROVIDER_ADDRESS_FORBIDDEN',
  },
  PROVIDER_TIMEOUT: {
    'provider-network': 'PROVIDER_CONNECT_TIMEOUT',
    'provider-tls': 'PROVIDER_TLS_TIMEOUT',
    'consumer-network': 'CONSUMER_READS_TOO_SLOWLY',
  },
  PROVIDER_BUSY: { 'consumer-network': 'CONSUMER_GONE' },
}

/** The verdict of a refusal: its own code, or the finer one where that code can mean several things. */
export function verdictOfRefusal(code: RefusalCode, rule: string, origin: Origin): VerdictCode {
  return byRule[code]?.[rule] ?? byOrigin[code]?.[origin] ?? (code === 'BAD_REQUEST' ? 'SSP_HEADERS_INVALID' : code)
}

/** The verdict of an answer that was passed on whole: an answer of 404, say, is no fault of the provider's. */
export function verdictOfAnswer(status: number): VerdictCode {
  if (status < 400) return 'ANSWERED'
  if (status === 429 || status === 503) return 'PROVIDER_ANSWERED_BUSY'
  return status < 500 ? 'PROVIDER_ANSWERED_REFUSAL' : 'PROVIDER_ANSWERED_ERROR'
}

/** The verdict of an answer that a failure of this origin cut in its midst. */
export function verdictOfCut(origin: Origin): VerdictCode {
  switch (origin) {
    case 'provider-network':
      return 'ANSWER_CUT_BY_NETWORK'
    case 'provider-tls':
      return 'ANSWER_CUT_BY_TLS'
    case 'consumer-network':
      return 'CONSUMER_READS_TOO_SLOWLY'
    default:
      return 'ANSWER_CUT_BY_PROVIDER'
  }
}
