/** A system in the directory that may send calls: an SDS `nhsAs` record. */
export interface AccreditedSystem {
  /** 12 digits: `uniqueIdentifier`. */
  readonly asid: string
  /** The organisation: `nhsIDCode`, compared exactly. */
  readonly odsCode: string
  /** `nhsMHSPartyKey`, upper-cased: it is compared without case. */
  readonly partyKey: string
  /** What it may send: `nhsAsSvcIA`. */
  readonly interactions: ReadonlySet<string>
  readonly manufacturer?: string
  readonly productName?: string
}

/** Where a provider answers one interaction: an SDS `nhsMhs` record. */
export interface ProviderEndpoint {
  /** `nhsMhsCPAId`. */
  readonly cpaId: string
  readonly odsCode: string
  /** Upper-cased. */
  readonly partyKey: string
  readonly interaction: string
  /** `nhsMhsEndPoint` to the letter, as the error texts and the `aud` claim show it. */
  readonly url: string
  /** Lower-cased host of `url`; never with a port, the port is 443. */
  readonly host: string
  /** Path of `url` without a trailing slash; empty for the root. */
  readonly path: string
  /** `nhsMhsFQDN`, lower-cased. */
  readonly fqdn: string
  /** SHA-256 of the certificate or of its public key, in lower-case hex, where the record pins one. */
  readonly pin?: string
}
