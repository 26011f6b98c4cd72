import { z } from 'zod'

/** TLS to a server of the proxy's own surroundings, a store or a database. Paths are relative to the settings file. */
export const tlsClientSettings = z
  .strictObject({
    anchors: z
      .array(z.string().min(1))
      .min(1)
      .describe('PEM files of the authorities that the server’s certificate chains to; those of the operating system never count.'),
    certificate: z.string().min(1).optional().describe('PEM file of the certificate that is presented, where the server asks for one.'),
    key: z.string().min(1).optional().describe('PEM file of its private key (mode 0600).'),
    serverName: z
      .string()
      .min(1)
      .optional()
      .describe('The name that the server’s certificate must bear, where it is not the address that is dialled.'),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: 'certificate and key are given together or not at all',
    path: ['key'],
  })

/** The same, as read. */
export type TlsClientSettings = z.infer<typeof tlsClientSettings>

/** What they name, as PEM texts. */
export interface TlsClientPem {
  readonly anchors: readonly string[]
  readonly certificate?: string
  readonly key?: string
}
