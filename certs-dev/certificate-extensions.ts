import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'

/** A purpose of a certificate's key: one of the two that TLS knows, or any other by its object identifier. */
export type KeyPurpose = 'clientAuth' | 'serverAuth' | `${number}.${string}`

/** A distinguished name, in order: attribute by its usual short name, and value. */
export type NameParts = readonly (readonly ['C' | 'O' | 'OU' | 'CN', string])[]

/** One name space that an authority is held to, or kept out of. */
export type ConstrainedName = { readonly dns: string } | { readonly directory: NameParts } | { readonly email: string }

/** What an authority may certify names in. */
export interface NameLimits {
  readonly permitted?: readonly ConstrainedName[]
  readonly excluded?: readonly ConstrainedName[]
}

/** Everything that a subjectAltName can say here. */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
}

const attributeTypes = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const
const keyPurposes: Readonly<Record<string, string>> = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' }

/** Builds a distinguished name; country as PrintableString, the rest as UTF8String. */
export function distinguishedName(parts: NameParts): pkijs.RelativeDistinguishedNames {
  const typesAndValues = parts.map(([type, value]) => {
    const text = type === 'C' ? new asn1js.PrintableString({ value }) : new asn1js.Utf8String({ value })
    return new pkijs.AttributeTypeAndValue({ type: attributeTypes[type], value: text })
  })
  // Encoded here: pkijs would put all attributes into one set, that is, make one multi-valued RDN of them.
  const sequence = new asn1js.Sequence({ value: typesAndValues.map((part) => new asn1js.Set({ value: [part.toSchema()] })) })
  return new pkijs.RelativeDistinguishedNames({ typesAndValues, valueBeforeDecode: sequence.toBER(false) })
}

/** Wraps an encoded value as a certificate or CRL extension. */
export function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock | ArrayBuffer): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value instanceof asn1js.BaseBlock ? value.toBER(false) : value })
}

/** basicConstraints, critical. */
export function basicConstraints(cA: boolean, pathLength?: number): pkijs.Extension {
  const value = new pkijs.BasicConstraints(pathLength === undefined ? { cA } : { cA, pathLenConstraint: pathLength })
  return extension('2.5.29.19', true, value.toSchema())
}

/** keyUsage, critical: for authorities keyCertSign and cRLSign, for others digitalSignature and keyEncipherment. */
export function keyUsage(isCa: boolean): pkijs.Extension {
  const bits = new Uint8Array([isCa ? 0b0000_0110 : 0b1010_0000])
  return extension('2.5.29.15', true, new asn1js.BitString({ valueHex: bits.buffer, unusedBits: isCa ? 1 : 5 }))
}

/** extKeyUsage. */
export function extendedKeyUsage(purposes: readonly KeyPurpose[]): pkijs.Extension {
  const value = new pkijs.ExtKeyUsage({ keyPurposes: purposes.map((purpose) => keyPurposes[purpose] ?? purpose) })
  return extension('2.5.29.37', false, value.toSchema())
}

/** subjectAltName, or nothing where there are no names. */
export function subjectAltName(names: AlternativeNames): pkijs.Extension | undefined {
  const all = [
    ...(names.dnsNames ?? []).map((value) => new pkijs.GeneralName({ type: 2, value: ia5(value) })),
    ...(names.ipAddresses ?? []).map(
      (value) => new pkijs.GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: ipBytes(value) }) }),
    ),
    ...(names.emails ?? []).map((value) => new pkijs.GeneralName({ type: 1, value: ia5(value) })),
    ...(names.uris ?? []).map((value) => new pkijs.GeneralName({ type: 6, value: ia5(value) })),
  ]
  return all.length === 0 ? undefined : extension('2.5.29.17', false, new pkijs.GeneralNames({ names: all }).toSchema())
}

/** nameConstraints, critical. */
export function nameConstraints(limits: NameLimits): pkijs.Extension {
  const subtrees = (names: readonly ConstrainedName[]): pkijs.GeneralSubtree[] =>
    names.map((name) => new pkijs.GeneralSubtree({ base: constrainedName(name) }))
  const value = new pkijs.NameConstraints({
    ...(limits.permitted && { permittedSubtrees: subtrees(limits.permitted) }),
    ...(limits.excluded && { excludedSubtrees: subtrees(limits.excluded) }),
  })
  return extension('2.5.29.30', true, value.toSchema())
}

/** subjectKeyIdentifier or, for an issuer's key, authorityKeyIdentifier: SHA-1 of the public key as RFC 5280 4.2.1.2 has it. */
export async function keyIdentifier(kind: 'subject' | 'authority', key: pkijs.PublicKeyInfo): Promise<pkijs.Extension> {
  const octets = new asn1js.OctetString({
    valueHex: await crypto.subtle.digest('SHA-1', key.subjectPublicKey.valueBlock.valueHexView.slice()),
  })
  if (kind === 'subject') return extension('2.5.29.14', false, octets)
  return extension('2.5.29.35', false, new pkijs.AuthorityKeyIdentifier({ keyIdentifier: octets }).toSchema())
}

function constrainedName(name: ConstrainedName): pkijs.GeneralName {
  if ('dns' in name) return new pkijs.GeneralName({ type: 2, value: name.dns })
  if ('email' in name) return new pkijs.GeneralName({ type: 1, value: name.email })
  return new pkijs.GeneralName({ type: 4, value: distinguishedName(name.directory) })
}

/** IPv4, or IPv6 with at most one `::`, as its 4 or 16 bytes. */
function ipBytes(address: string): ArrayBuffer {
  if (!address.includes(':')) return new Uint8Array(address.split('.').map(Number)).buffer
  const [head = '', tail] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const front = groups(head)
  const back = groups(tail ?? '')
  const words = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back]
  return new Uint8Array(words.flatMap((word) => [word >> 8, word & 255])).buffer
}

/** Letters beyond ASCII, which an IA5String cannot hold, as their UTF-8 bytes: so that hostile names can be certified too. */
function ia5(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}
