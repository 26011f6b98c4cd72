/** One side of a rule: one system, all systems of one organisation, or anybody. */
export type SharingParty =
  | { readonly kind: 'asid'; readonly asid: string }
  | { readonly kind: 'ods'; readonly odsCode: string }
  | { readonly kind: 'anybody' }

/** Which interactions a rule is about: one, or all whose id begins so (`prefix*` in the file; `*` alone is the empty prefix). */
export interface InteractionPattern {
  readonly kind: 'exact' | 'prefix'
  readonly text: string
}

/** One data-sharing rule as its file states it. */
export interface SharingRule {
  /** `file:line`. */
  readonly place: string
  /** What decisions call it. */
  readonly reference: string
  readonly effect: 'allow' | 'deny'
  readonly from: SharingParty
  readonly to: SharingParty
  readonly interactions: readonly InteractionPattern[]
  /** ms since 1970; -Infinity where it always was. In force from this moment on. */
  readonly validFrom: number
  /** ms since 1970; Infinity where it has no end. No longer in force at this moment. */
  readonly validUntil: number
}
