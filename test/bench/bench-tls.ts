/** TLS 1.3 with one suite and one group: what the generator offers and the provider takes, so that every leg of every subject has the same. */
export const benchTls = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384', ecdhCurve: 'X25519' } as const

/** The name that the provider's certificate bears. Written here, so that no subject loads more than it runs. */
export const providerHost = 'provider.thirdparty.nhs.uk'

/**
 * Seconds for which every subject keeps a consumer's connection that is idle, and waits for one to the provider: longer than it takes to open thousands of
 * them on a busy machine. Who gives up sooner is not what is measured.
 */
export const patience = { idleSeconds: 900, connectSeconds: 60 } as const
