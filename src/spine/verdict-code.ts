import type { RefusalCode } from './refusal.ts'

/** Verdicts that a refusal's code alone does not tell apart, and those of calls that were forwarded. */
type FinerCode =
  | 'ANSWERED'
  | 'EXCHANGE_SHOWN'
  | 'PROVIDER_ANSWERED_REFUSAL'
  | 'PROVIDER_ANSWERED_BUSY'
  | 'PROVIDER_ANSWERED_ERROR'
  | 'CONSUMER_GONE'
  | 'CONSUMER_READS_TOO_SLOWLY'
  | 'ANSWER_CUT_BY_PROVIDER'
  | 'ANSWER_CUT_BY_NETWORK'
  | 'ANSWER_CUT_BY_TLS'
  | 'CERTIFICATE_NOT_BOUND'
  | 'SSP_HEADERS_INVALID'
  | 'RECEIVER_UNKNOWN'
  | 'INTERACTION_FORM_VARIES'
  | 'ACCESS_TOKEN_INVALID'
  | 'PROVIDER_TLS_FAILED'
  | 'PROVIDER_ANSWER_INVALID'
  | 'PROVIDER_ADDRESS_FORBIDDEN'
  | 'PROVIDER_CONNECT_TIMEOUT'
  | 'PROVIDER_TLS_TIMEOUT'

/**
 * The stable name of a verdict. Every refusal has one by its type; where one refusal can mean several things there are finer ones. BAD_REQUEST alone
 * says too little to be a verdict: each of its uses has a finer one.
 */
export type VerdictCode = Exclude<RefusalCode, 'BAD_REQUEST'> | FinerCode
