/** One entry of an LDIF file: attribute names lower-cased and without options, values in their order. */
export interface LdifEntry {
  readonly line: number
  readonly attributes: ReadonlyMap<string, readonly string[]>
  /** What is wrong with its lines. */
  readonly faults: readonly string[]
}
