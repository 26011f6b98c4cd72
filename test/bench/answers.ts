/** Bytes of the bodies of the provider's answers. */
export const answerBytes = { small: 2_700, large: 1_000_000, document: 10_000_000, gigabyte: 1_000_000_000 } as const

/** Behind it stands how many bytes the provider's answer is to have; everywhere else the provider answers with the small one, or the record. */
export const sizedPath = '/documents/Binary/'

/** The operation that the provider answers with the real record, where it was given one. */
export const recordPath = '/Patient/$gpc.getstructuredrecord'
