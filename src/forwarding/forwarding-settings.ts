import { z } from 'zod'
import { breakerSettings, capacitySettings } from './capacity-settings.ts'

/** Settings of the providers' leg. Times are in seconds. */
export const forwardingSettings = z.strictObject({
  certificate: z.string().min(1).describe("PEM file: the proxy's client certificate, followed by its intermediates."),
  key: z.string().min(1).describe("PEM file: the private key of the proxy's client certificate."),
  connectTimeoutSeconds: z.number().positive().default(5).describe('How long a TCP connection to a provider may take.'),
  tlsTimeoutSeconds: z.number().positive().default(5).describe('How long a TLS handshake with a provider may take.'),
  firstByteTimeoutSeconds: z.number().positive().default(60).describe('How long a provider may take until its answer begins.'),
  firstByteTimeouts: z
    .array(
      z.strictObject({
        interaction: z.string().optional().describe('Interaction id; absent for every one.'),
        host: z.string().optional().describe("Provider's host; absent for every one."),
        seconds: z.number().positive(),
      }),
    )
    .default([])
    .describe('Exceptions to firstByteTimeoutSeconds; the first that fits counts.'),
  silenceTimeoutSeconds: z.number().positive().default(30).describe('How long an answer may pause once it has begun.'),
  minimumBytesPerSecond: z.int().min(0).default(1000).describe('An answer slower than this, over each minimumRateAfterSeconds, is cut.'),
  minimumRateAfterSeconds: z.number().positive().default(60).describe('Over which span the minimum rate counts.'),
  connectionsPerProvider: z.int().positive().default(64).describe('Most connections to one provider, and so most calls at a time.'),
  capacity: capacitySettings.prefault({}).describe("How a provider's capacity is learned, and shared among consumers."),
  breaker: breakerSettings.prefault({}).describe('The circuit in front of each provider.'),
  idleConnectionSeconds: z.number().positive().default(30).describe('How long an idle connection to a provider is kept.'),
  timeoutStatus: z
    .union([z.literal(504), z.literal(599)])
    .default(504)
    .describe('The status of a time-out: 504, or 599 as older consumers of the national service expect.'),
  dialOverrides: z
    .record(
      z.string().regex(/^[a-z0-9.-]+:443$/, 'must be a registered host in lower case, with its port: provider.example.nhs.uk:443'),
      z
        .string()
        .regex(/^[a-z0-9.[\]:-]+:[0-9]{1,5}$/, { error: 'must be an address with a port: 127.0.0.1:8445', abort: true })
        .refine((address) => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535, 'has a port above 65535'),
    )
    .default({})
    .describe('For tests and demonstrations: "host:443" to the address that is dialled in its place. Exempt from the dial guard.'),
  allowedNetworks: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .default([])
    .describe('Networks that may be dialled although they are loopback, link-local or private address space.'),
})

/** Settings of the providers' leg, as read. */
export type ForwardingSettings = z.infer<typeof forwardingSettings>
