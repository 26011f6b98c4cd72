import { DerMalformed, DerReader, type DerValue, derTag } from './der.ts'
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts'

/**
 * One name of a subjectAltName or of a name constraint (RFC 5280 4.2.1.6); of the forms that identify nobody here only the kind is
 * kept.
 */
export type GeneralName =
  | { readonly form: 'dns'; readonly text: string }
  | { readonly form: 'directory'; readonly name: DistinguishedName }
  | { readonly form: OtherForm }

/** The forms that are never read as a name: a provider or consumer is not known by an e-mail address, a URI or an IP address. */
export type OtherForm = 'other' | 'email' | 'x400' | 'edi' | 'uri' | 'ip' | 'registered-id'

const otherForms: readonly (OtherForm | undefined)[] = ['other', 'email', undefined, 'x400', undefined, 'edi', 'uri', 'ip', 'registered-id']

/** Reads `GeneralNames`; dNSNames byte for byte, so that no character can pass for the border between two names (CVE-2021-44532). */
export function readGeneralNames(names: DerValue): readonly GeneralName[] {
  if (names.tag !== derTag.sequence) throw new DerMalformed('names are no sequence')
  const found: GeneralName[] = []
  const list = new DerReader(names.content)
  while (!list.done) found.push(readGeneralName(list.next()))
  return found
}

/** Reads one `GeneralName`. */
export function readGeneralName(value: DerValue): GeneralName {
  if ((value.tag & 0xc0) !== 0x80) throw new DerMalformed('name has no form')
  const form = value.tag & 0x1f
  if (form === 2) return { form: 'dns', text: value.content.toString('latin1') }
  if (form === 4) {
    const wrapped = new DerReader(value.content)
    const name = readDistinguishedName(wrapped.next())
    wrapped.end()
    return { form: 'directory', name }
  }
  const other = otherForms[form]
  if (other === undefined) throw new DerMalformed('name has an unknown form')
  return { form: other }
}
