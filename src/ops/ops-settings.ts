import { z } from 'zod'

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/i, 'a SHA-256 in 64 hex digits')
  .toLowerCase()
const role = z.enum(['viewer', 'operator']).describe('viewer may look; operator may also change: reload, lock out, release.')
const file = z.string().min(1)

/** What an operator may do; `operator` includes `viewer`. */
export type OpsRole = z.infer<typeof role>

/** The settings of the operators' leg. */
export const opsSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address that the operators’ port listens on.'),
  port: z.int().min(0).max(65_535).default(8444).describe('The operators’ port; 0 takes any free one.'),
  certificate: file.describe('PEM file of the operators’ port’s server certificate, with its intermediates.'),
  key: file.describe('PEM file of its private key.'),
  anchors: z
    .array(file)
    .default([])
    .describe(
      'PEM files of the authorities that operators’ certificates chain to; none of them may be an anchor of the data port. Without any, only the control socket can change anything.',
    ),
  roles: z
    .array(
      z.union([
        z.strictObject({ sha256: sha256.describe('The certificate’s SHA-256 fingerprint in hex.'), role }),
        z.strictObject({ commonName: z.string().min(1).describe('The certificate’s only common name, compared exactly.'), role }),
      ]),
    )
    .default([])
    .describe('Which operators’ certificates have which role; a certificate without one is refused.'),
  revoked: z
    .array(sha256)
    .default([])
    .describe('SHA-256 fingerprints of operators’ certificates that are refused whatever role names them.'),
  allowedHosts: z
    .array(z.string().min(1).toLowerCase())
    .default(['localhost', '127.0.0.1', '[::1]'])
    .describe('Names, without a port, by which the operators’ port may be addressed; any other Host is refused (DNS rebinding).'),
  maximumConnections: z.int().min(8).default(256).describe('Open connections to the operators’ port; more are closed at once.'),
  socket: z.string().min(1).default('ssp.sock').describe('Path of the control socket, relative to the data directory.'),
})

/** Settings of the operators' leg, validated and with their defaults. */
export type OpsSettings = z.infer<typeof opsSettings>
