import type { CertificateFields } from './certificate-fields.ts'
import { commonNamesOf } from './distinguished-name.ts'

/** A certificate for more names than this is refused: nobody's device has so many, and each is compared. */
export const mostNames = 100

const hostname = /^(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** Whether a certificate may be known by this name: plainly a host name, without wildcards, in ASCII and no IP address. */
export function isHostName(name: string): boolean {
  return hostname.test(name)
}

/**
 * The names that a certificate may be known by, lower-cased, each once: its dNSNames or, only where it has none at all, its one
 * common name. What is not plainly a host name (a wildcard, a NUL, a space, a letter beyond ASCII, an IP address) is left out, as
 * are e-mail addresses and URIs.
 */
export function certificateNames(fields: Pick<CertificateFields, 'subject' | 'alternativeNames'>): readonly string[] {
  const dnsNames = fields.alternativeNames.flatMap((name) => (name.form === 'dns' ? [name.text] : []))
  const standIn = standInName(fields)
  const candidates = standIn === undefined ? dnsNames : [standIn]
  // Looked at before it is lower-cased: some letters beyond ASCII (the Kelvin sign) become ASCII by that.
  return [...new Set(candidates.filter(isHostName).map((name) => name.toLowerCase()))]
}

/** The common name where it counts: there is no dNSName, and no second common name to make it ambiguous. */
export function standInName({ subject, alternativeNames }: Pick<CertificateFields, 'subject' | 'alternativeNames'>): string | undefined {
  if (alternativeNames.some(({ form }) => form === 'dns')) return undefined
  const [commonName, ...others] = commonNamesOf(subject)
  return others.length === 0 ? commonName : undefined
}
