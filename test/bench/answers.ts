/** Bytes of the bodies of the provider's answers. */
export const answerBytes = { small: 2_700, large: 1_000_000 } as const

/** Where the provider has its large answer; everywhere else it has the small one. */
export const largePath = '/documents/Binary/'
