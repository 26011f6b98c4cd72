import type { Start } from '../checks/check-needs.ts'
import type { Admitted } from '../proxy/admission.ts'

type Required<T> = { [Key in keyof T]-?: undefined extends T[Key] ? never : Key }[keyof T]
type Optional<T> = { [Key in keyof T]-?: undefined extends T[Key] ? Key : never }[keyof T]

/** What only a check that passes proves; whoever reads one that is not there has not been given what it goes by. */
export const proven: Readonly<Record<Exclude<Required<Admitted>, keyof Start>, true>> = {
  target: true,
  body: true,
  connectionNames: true,
  certificate: true,
  traceId: true,
  from: true,
  to: true,
  interactionId: true,
  token: true,
  consumer: true,
  provider: true,
  endpoint: true,
  pathUnderRoot: true,
}

/** What may be absent of a call that has passed every check. */
export const provenIfAny: Readonly<Record<Exclude<Optional<Admitted>, keyof Start>, true>> = {
  interaction: true,
  sharingRule: true,
  claims: true,
  tokenRemarks: true,
  holding: true,
  beyond: true,
}
