import type { Issued } from './certificate-authority.ts'
import { type Answer, type Call, type Callable, call } from './consumer.ts'

const noSspHeaders = {
  'Ssp-TraceID': undefined,
  'Ssp-From': undefined,
  'Ssp-To': undefined,
  'Ssp-InteractionID': undefined,
  Authorization: undefined,
}

/** Asks for the verdict of an exchange as a bare caller does, with nothing but its certificate. */
export function askForVerdict(
  where: Callable,
  id: string,
  as: Issued | null,
  { method, headers }: Pick<Call, 'method' | 'headers'> = {},
): Promise<Answer> {
  return call(where, {
    target: `/ssp/exchanges/${id}`,
    ...(method !== undefined && { method }),
    headers: { ...noSspHeaders, ...headers },
    as,
  })
}
