import type { ConsumerCertificate } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Start } from './check-needs.ts'

/** What row 2 proves. */
export interface Certified {
  readonly certificate: ConsumerCertificate
}

/** Row 2. Asked of the trust store for every request: a certificate that was good at the handshake may have expired or been revoked since. */
export const clientCertificate = {
  name: 'client-certificate',
  summary: 'The consumer presented a certificate that chains to the anchors, is in date, is for client authentication and is not revoked.',
  modes: ['enforce'],
  codes: ['NO_CERTIFICATE', 'BAD_CERTIFICATE'],
  create: () => decide,
} as const

function decide({ connection }: Start): Certified | Refusal {
  const verdict = connection.judge()
  switch (verdict.kind) {
    case 'good':
      return verdict
    case 'none':
      return refuse('client-certificate', 'NO_CERTIFICATE', { reason: 'the consumer presented no certificate' })
    case 'bad':
      return refuse('client-certificate', 'BAD_CERTIFICATE', { reason: verdict.reason })
  }
}
