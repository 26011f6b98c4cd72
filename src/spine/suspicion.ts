/** What a refused call may tell about its sender besides that it was wrong: the evidence that lockouts by rule count. */
export const suspicions = ['wrong-asid', 'endpoint-probing', 'malformed-framing', 'token-forgery', 'refused-by-provider'] as const

/** One of those. */
export type Suspicion = (typeof suspicions)[number]
