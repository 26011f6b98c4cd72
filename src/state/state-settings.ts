import { z } from 'zod'
import { tlsClientSettings } from '../lib/tls-client-settings.ts'

const port = z.int().min(1).max(65_535)
const secret = z.string().min(1).meta({ secret: true })

/** How Redis is reached. Secrets may come from files: SSP_STATE__REDIS__PASSWORD_FILE. Paths are relative to the settings file. */
export const redisSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Redis (6 or later); not used where sentinels are named.'),
  port: port.default(6379).describe('Its port.'),
  sentinels: z
    .array(z.strictObject({ host: z.string().min(1).describe('A sentinel.'), port: port.default(26_379).describe('Its port.') }))
    .default([])
    .describe('Sentinels, asked in turn for the primary at each connection; with any, a failover needs no hand.'),
  primaryName: z.string().min(1).default('ssp').describe('What the sentinels call the primary.'),
  username: z.string().min(1).optional().describe('User of Redis’ access control lists; without it the user `default`.'),
  password: secret.optional().describe('Its password.'),
  sentinelUsername: z.string().min(1).optional().describe('The sentinels’ user, where they have their own.'),
  sentinelPassword: secret.optional().describe('Its password.'),
  tls: tlsClientSettings.optional().describe('TLS to Redis and to the sentinels; without this section they are spoken to in the clear.'),
  database: z.int().min(0).max(1023).default(0).describe('Number of the database.'),
  prefix: z
    .string()
    .regex(/^[!-~]{1,64}$/, 'must be 1 to 64 printable characters without spaces')
    .default('ssp:')
    .describe('Begins the name of every key and channel. Proxies that share it share their limits and lockouts.'),
  connectTimeoutMs: z.int().min(10).max(60_000).default(2_000).describe('Time for a connection, sign-in included. Milliseconds.'),
  commandTimeoutMs: z
    .int()
    .min(5)
    .max(10_000)
    .default(250)
    .describe(
      'Time for an answer; without one the proxy goes on by itself, degraded. A call of a consumer waits for it only where it would be refused else, a second at most. Milliseconds.',
    ),
})

/** What the proxies of one installation share, and through what. */
export const stateSettings = z.strictObject({
  kind: z
    .enum(['memory', 'redis'])
    .default('memory')
    .describe('memory: this proxy is alone, and nothing else is needed. redis: limits and lockouts hold for all proxies together.'),
  redis: redisSettings.prefault({}).describe('Redis, where `kind` is redis.'),
})

/** The checked settings of what is shared. */
export type StateSettings = z.infer<typeof stateSettings>

/** The checked settings of Redis. */
export type RedisSettings = z.infer<typeof redisSettings>
