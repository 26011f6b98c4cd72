import type { CertificateFields } from './certificate-fields.ts'
import { DerMalformed, DerReader, derTag, openSequence } from './der.ts'
import { oidOf } from './der-values.ts'
import { extensionOid } from './extensions.ts'

const uri = derTag.contextPrimitive(6)
const ocspMethod = '1.3.6.1.5.5.7.48.1'
const mostAddresses = 4

/**
 * Where a certificate says that its issuer's whole revocation list is to be had over HTTP (RFC 5280 4.2.1.13); none where it says
 * so in no form that is read here. To be asked of verified certificates only.
 */
export function crlAddressesOf({ extensions }: CertificateFields): readonly string[] {
  return addressesIn(extensions.get(extensionOid.cRLDistributionPoints)?.value, (list) => {
    const point = list.enter()
    const name = point.optional(derTag.contextConstructed(0))
    if (name === undefined || !point.done) return [] // only some reasons, or the list of another issuer
    const fullName = new DerReader(name.content).optional(derTag.contextConstructed(0))
    if (fullName === undefined) return []
    const names = new DerReader(fullName.content)
    const found: string[] = []
    while (!names.done) {
      const { tag, content } = names.next()
      if (tag === uri) found.push(content.toString('latin1'))
    }
    return found
  })
}

/** Where a certificate says that its issuer's OCSP responder is (RFC 5280 4.2.2.1). To be asked of verified certificates only. */
export function ocspAddressesOf({ extensions }: CertificateFields): readonly string[] {
  return addressesIn(extensions.get(extensionOid.authorityInfoAccess)?.value, (list) => {
    const description = list.enter()
    const method = oidOf(description.next())
    const { tag, content } = description.next()
    return method === ocspMethod && tag === uri ? [content.toString('latin1')] : []
  })
}

function addressesIn(der: Buffer | undefined, read: (list: DerReader) => readonly string[]): readonly string[] {
  if (der === undefined) return []
  try {
    const list = openSequence(der)
    const found: string[] = []
    while (!list.done) found.push(...read(list).filter(isFetchable))
    return found.slice(0, mostAddresses)
  } catch (error) {
    if (error instanceof DerMalformed) return [] // it decides nothing: the certificate is judged without it
    throw error
  }
}

function isFetchable(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.hash === ''
}
