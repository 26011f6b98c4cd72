import { crlAddressesOf } from './authority-addresses.ts'
import type { ReadCertificate } from './certificate.ts'
import type { PkiSettings } from './pki-settings.ts'

/** An address that a revocation list is fetched from, and how often where that is set. */
export interface CrlSource {
  readonly url: string
  readonly everySeconds?: number
}

/**
 * The addresses of the settings and, where these allow it, those that the configured authorities' own certificates name; never one
 * that a peer's certificate names.
 */
export function crlSourcesOf(
  settings: Pick<PkiSettings, 'crlUrls' | 'fetchFromAuthorities'>,
  authorities: readonly ReadCertificate[],
): readonly CrlSource[] {
  const sources = new Map<string, CrlSource>()
  for (const { url, everySeconds } of settings.crlUrls) sources.set(url, { url, ...(everySeconds !== undefined && { everySeconds }) })
  const named = settings.fetchFromAuthorities ? authorities.flatMap(({ fields }) => crlAddressesOf(fields)) : []
  for (const url of named) if (!sources.has(url)) sources.set(url, { url })
  return [...sources.values()]
}
