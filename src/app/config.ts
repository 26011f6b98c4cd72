import { z } from 'zod'
import { auditSettings } from '../audit/audit-settings.ts'
import { indexSettings } from '../audit/index/index-settings.ts'
import { witnessSettings } from '../audit/witness/witness-settings.ts'
import { forwardingSettings } from '../forwarding/forwarding-settings.ts'
import { loggingSettings } from '../lib/logger.ts'
import { listenerSettings } from '../listener/listener-settings.ts'
import { opsSettings } from '../ops/ops-settings.ts'
import { pkiSettings } from '../pki/pki-settings.ts'
import { lockoutRuleSettings } from '../protection/lockout-rule-settings.ts'
import { checkSettings } from '../proxy/admission.ts'
import { registrySettings } from '../registry/registry-settings.ts'
import { lockoutSettings } from '../state/lockout-settings.ts'
import { stateSettings } from '../state/state-settings.ts'
import { workersSettings } from '../workers/workers-settings.ts'

/** Everything that can be set, each section with the part that it belongs to. Relative paths start at the settings file's folder. */
export const configSchema = z
  .strictObject({
    dataDirectory: z
      .string()
      .min(1)
      .default('data')
      .describe('Folder for all that the proxy keeps: audit, keys, index, cached CRLs, lockouts, socket.'),
    environment: z
      .string()
      .regex(/^[A-Za-z0-9._ -]{1,64}$/, 'must be 1 to 64 letters, digits, spaces, dots, dashes or underscores')
      .default('development')
      .describe('What this installation is called: shown in the log and on the operators’ pages; decides nothing.'),
    workers: workersSettings,
    listener: listenerSettings.describe('The consumers’ port.'),
    operators: opsSettings.describe('The operators’ port.'),
    trust: pkiSettings.describe('Which certificates of consumers are trusted, and how their revocation is learned.'),
    registry: registrySettings.describe('The directory of systems, endpoints and data-sharing rules.'),
    checks: checkSettings.prefault({}).describe('Settings of the checks, by name.'),
    forwarding: forwardingSettings.describe('The providers’ leg.'),
    lockouts: lockoutSettings.prefault({}).describe('Lockouts: how they are signed, confirmed and caught up with.'),
    lockoutRules: lockoutRuleSettings.prefault({}).describe('Lockouts by rule: what evidence leads to what.'),
    audit: auditSettings.prefault({}).describe('The audit trail.'),
    witness: witnessSettings
      .optional()
      .describe('This proxy as a witness of others’ logs (C2SP tlog-witness), on the operators’ port; without this section it is none.'),
    index: indexSettings.prefault({}).describe('The index by which what was recorded is found.'),
    state: stateSettings.prefault({}).describe('What the proxies of one installation share.'),
    logging: loggingSettings.prefault({}).describe('The program’s own log, on stderr.'),
  })
  .refine(({ state, lockouts }) => state.kind !== 'redis' || lockouts.signingKey !== undefined, {
    error: 'is missing: proxies that share lockouts must know each other’s keys (openssl genpkey -algorithm ed25519)',
    path: ['lockouts', 'signingKey'],
  })
  .refine(({ listener, operators }) => !overlap(listener, operators), {
    error: 'is the consumers’ port (listener.port) on the same address: each needs its own',
    path: ['operators', 'port'],
  })

interface Address {
  readonly host: string
  readonly port: number
}

/** Whether two ports that are bound would be one. Port 0 is any that is free, and names are not looked up. */
function overlap(one: Address, other: Address): boolean {
  const everywhere = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === '[::]'
  const sameHost = one.host === other.host || everywhere(one.host) || everywhere(other.host)
  return one.port !== 0 && one.port === other.port && sameHost
}

/** The settings of a proxy, read, defaulted and checked. */
export type Config = z.infer<typeof configSchema>
