/** Whose doing an outcome was: the fault domain that `Ssp-Verdict` names. `none` is a call that went well. */
export const origins = [
  'none',
  'consumer',
  'consumer-network',
  'policy',
  'proxy',
  'provider-network',
  'provider-tls',
  'provider',
  'payload',
] as const

/** One of the fault domains. */
export type Origin = (typeof origins)[number]
