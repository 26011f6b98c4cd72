import { z } from 'zod'

/** Settings of the consumers' port. Times are in seconds, sizes in bytes. */
export const listenerSettings = z.strictObject({
  host: z.string().min(1).default('0.0.0.0').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(8443).describe('Port to listen on; 0 takes any free one.'),
  certificate: z.string().min(1).describe('PEM file: the server certificate, followed by its intermediates.'),
  key: z.string().min(1).describe('PEM file: the private key of the server certificate.'),
  tlsProfile: z
    .enum(['spine', 'modern'])
    .default('spine')
    .describe('spine: TLS 1.2 with the eight suites of the national service, and TLS 1.3. modern: ECDHE on curves and AEAD only.'),
  handshakeTimeoutSeconds: z.number().positive().default(10).describe('How long a TLS handshake may take.'),
  headersTimeoutSeconds: z.number().positive().default(10).describe("How long a request's headers may take."),
  idleTimeoutSeconds: z.number().positive().default(60).describe('How long an idle connection is kept.'),
  bodySilenceSeconds: z.number().positive().default(30).describe('How long a request body may pause while it is waited for; then 408.'),
  minimumBytesPerSecond: z
    .int()
    .min(0)
    .default(1000)
    .describe('A request body slower than this, over each minimumRateAfterSeconds, is answered 408.'),
  minimumRateAfterSeconds: z.number().positive().default(60).describe('Over which span the minimum rate counts.'),
  unreadAnswerSeconds: z
    .number()
    .positive()
    .default(60)
    .describe('How long the last bytes of an answer may wait for a consumer that does not read; then the connection is cut.'),
  maxHeaderBytes: z.int().min(4096).max(65536).default(16384).describe('Largest request line and headers together; more is answered 431.'),
  maxHeaders: z.int().min(20).max(1000).default(100).describe('Most header lines of a request; more is answered 431.'),
  maxTargetBytes: z.int().min(512).max(32768).default(8192).describe('Longest request target; more is answered 414.'),
  maxConnections: z.int().positive().default(10000).describe('Most connections at a time; further ones are closed at once.'),
  maxConnectionsPerAddress: z
    .int()
    .positive()
    .default(1000)
    .describe('Most connections at a time from one address, handshakes included; further ones are closed at once.'),
  maxHandshakesPerAddress: z
    .int()
    .positive()
    .default(200)
    .describe('Most TLS handshakes under way at a time from one address; further connections are closed at once.'),
  maxConnectionsPerCertificate: z
    .int()
    .positive()
    .default(1000)
    .describe('Most connections at a time with one client certificate; further ones are closed at once.'),
  drainNoticeSeconds: z
    .number()
    .min(0)
    .default(3)
    .describe('How long readiness fails before the port closes, so that load balancers look elsewhere first.'),
  drainSeconds: z
    .number()
    .positive()
    .default(30)
    .describe('How long calls may go on once the port is closed; then those without an answer get 503, and begun answers are cut.'),
  via: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .default('ssp')
    .describe('The pseudonym by which this proxy appears in Via and Forwarded (RFC 9110, 7.6.3). Give every installation its own.'),
})

/** Settings of the consumers' port, as read. */
export type ListenerSettings = z.infer<typeof listenerSettings>
