/** TLS 1.3 with one suite and one group: what the generator offers and the provider takes, so that every leg of every subject has the same. */
export const benchTls = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384', ecdhCurve: 'X25519' } as const

/** The name that the provider's certificate bears. Written here, so that no subject loads more than it runs. */
export const providerHost = 'provider.thirdparty.nhs.uk'
