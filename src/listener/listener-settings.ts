import { z } from 'zod'

/** Settings of the consumers' port. Times are in seconds, sizes in bytes. */
export const listenerSettings = z.strictObject({
  host: z.string().default('0.0.0.0').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8443).describe('Port to listen on; 0 takes any free one.'),
  certificate: z.string().describe('PEM file: the server certificate, followed by its intermediates.'),
  key: z.string().describe('PEM file: the private key of the server certificate.'),
  tlsProfile: z
    .enum(['spine', 'modern'])
    .default('spine')
    .describe('spine: TLS 1.2 with the eight suites of the national service, and TLS 1.3. modern: ECDHE and AEAD only.'),
  handshakeTimeoutSeconds: z.number().positive().default(10).describe('How long a TLS handshake may take.'),
  headersTimeoutSeconds: z.number().positive().default(10).describe("How long a request's headers may take."),
  idleTimeoutSeconds: z.number().positive().default(60).describe('How long an idle connection is kept.'),
  maxHeaderBytes: z.int().min(4096).max(65536).default(16384).describe('Largest request line and headers together; more is answered 431.'),
  maxHeaders: z.int().min(20).max(1000).default(100).describe('Most header lines of a request; more is answered 431.'),
  maxTargetBytes: z.int().min(512).max(32768).default(8192).describe('Longest request target; more is answered 414.'),
  maxConnections: z.int().positive().default(10000).describe('Most connections at a time; further ones are closed at once.'),
  via: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .default('ssp')
    .describe('The pseudonym by which this proxy appears in Via and Forwarded (RFC 9110, 7.6.3). Give every installation its own.'),
})

/** Settings of the consumers' port, as read. */
export type ListenerSettings = z.infer<typeof listenerSettings>
