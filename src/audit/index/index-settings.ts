import { z } from 'zod'
import { tlsClientSettings } from '../../lib/tls-client-settings.ts'

const secret = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64 (openssl rand -base64 32)')
  .meta({ secret: true })

/** How PostgreSQL is reached. Secrets may come from files: SSP_INDEX__POSTGRES__PASSWORD_FILE. Paths are relative to the settings file. */
export const postgresSettings = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('PostgreSQL (14 or later), by name, address or the folder of its socket.'),
  port: z.int().min(1).max(65_535).default(5432).describe('Its port.'),
  database: z.string().min(1).default('ssp').describe('Name of the database.'),
  user: z
    .string()
    .min(1)
    .default('ssp')
    .describe('Who signs in; needs to create tables in the schema, and the schema where it is missing.'),
  password: z.string().min(1).meta({ secret: true }).optional().describe('Its password.'),
  subjectSecret: secret
    .optional()
    .describe(
      'Secret of the installation, the same on all its machines: each seals its keys of hashed NHS numbers under it for the others, so that a search by NHS number at any machine finds what all have recorded. 32 random bytes, base64 (openssl rand -base64 32); best by SSP_INDEX__POSTGRES__SUBJECT_SECRET_FILE. Without it such a search finds what this machine recorded, and names the others.',
    ),
  formerSubjectSecret: secret
    .optional()
    .describe(
      'The secret before the last change, until every machine has the new one and an hour is past: what is sealed under it is opened, and sealed anew.',
    ),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'must be 1 to 41 of a-z, 0-9 and _, not beginning with a digit')
    .default('ssp_index')
    .describe('Schema of the index’s tables. Proxies that share it are searched together.'),
  tls: tlsClientSettings.optional().describe('TLS to the server; without this section it is spoken to in the clear.'),
  connectTimeoutMs: z.int().min(10).max(60_000).default(5_000).describe('Time for a connection, sign-in included. Milliseconds.'),
  queryTimeoutMs: z.int().min(100).max(600_000).default(30_000).describe('Time for one answer of the database. Milliseconds.'),
})

/** The settings of the index of the audit trail. */
export const indexSettings = z.strictObject({
  kind: z
    .enum(['sqlite', 'postgres'])
    .default('sqlite')
    .describe(
      'sqlite: in a file of the data directory; it finds what this machine forwarded. postgres: for many machines, searched together.',
    ),
  postgres: postgresSettings.prefault({}).describe('PostgreSQL, where `kind` is postgres.'),
})

/** The checked settings of the index. */
export type IndexSettings = z.infer<typeof indexSettings>

/** The checked settings of PostgreSQL. */
export type PostgresSettings = z.infer<typeof postgresSettings>
