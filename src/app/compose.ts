import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { createDialGuard } from '../forwarding/dial-guard.ts'
import { createForwardingLeg, type ForwardingLeg } from '../forwarding/forward.ts'
import type { ProvenConnections } from '../forwarding/proven-connections.ts'
import type { LeasedLimits, ProviderCapacity } from '../forwarding/provider-capacity.ts'
import { createDialHost } from '../forwarding/provider-connector.ts'
import { createProviderPools } from '../forwarding/provider-pools.ts'
import type { Clock } from '../lib/clock.ts'
import { derived } from '../lib/derived.ts'
import type { ExpiryGauges } from '../ops/expiry-gauges.ts'
import type { OpsSettings } from '../ops/ops-settings.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { Allowances } from '../protection/allowances.ts'
import { admission, beginEvidence, modeUnder } from '../proxy/admission.ts'
import type { ExchangeParts } from '../proxy/exchange.ts'
import type { LookParts } from '../proxy/exchange-look.ts'
import type { ExchangesInFlight } from '../proxy/exchanges-in-flight.ts'
import { lookAdmission } from '../proxy/look-admission.ts'
import type { ExchangeObserver } from '../proxy/observers.ts'
import type { LockedOut } from '../state/lockouts.ts'
import type { Config } from './config.ts'
import { createDialIdentity } from './dial-identity.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Materials } from './materials.ts'

/** What the providers' leg goes by. Materials and trust are asked for at each connection, so that a change takes effect. */
export interface ForwardingParts {
  readonly materials: () => Materials
  readonly trust: () => TrustStore
  readonly proven: ProvenConnections
  readonly clock: Clock
  readonly expiry: ExpiryGauges
  readonly capacity: ProviderCapacity
  /** Where places are leased from; absent where this process has them all. */
  readonly leases: LeasedLimits | undefined
  /** Never dialled on this machine. */
  readonly ownPorts: () => readonly number[]
}

/** The providers' leg. */
export function composeForwarding({ materials, trust, proven, clock, expiry, capacity, leases, ownPorts }: ForwardingParts): ForwardingLeg {
  const settings = () => materials().loaded.config.forwarding
  const identity = createDialIdentity(() => materials().client, trust, clock)
  const terms = derived(settings, ({ allowedNetworks, dialOverrides, connectTimeoutSeconds, tlsTimeoutSeconds }) => ({
    guard: createDialGuard(allowedNetworks),
    dialOverrides,
    connectTimeoutMs: connectTimeoutSeconds * 1000,
    tlsTimeoutMs: tlsTimeoutSeconds * 1000,
  }))
  const pools = createProviderPools(
    settings,
    (name) =>
      createDialHost(name, {
        identity,
        ready: (presented) => trust().ready?.(presented, 'server'),
        judge: (presented) => {
          expiry.peer('provider', name.host, presented.leaf.validToDate.getTime())
          return trust().judge(presented, clock.now(), 'server')
        },
        isGood: (presented) => trust().judge(presented, clock.now(), 'server').kind === 'good',
        proven: proven.add,
        terms,
        ownPorts,
      }),
    clock.elapsed,
  )
  if (leases !== undefined) leases.leased = pools.keep
  return createForwardingLeg(pools, capacity, clock)
}

/** Whether other addresses may be dialled than before. */
export function dialsOtherwise(before: Config, after: Config): boolean {
  const addresses = ({ forwarding: { allowedNetworks, dialOverrides } }: Config) => [allowedNetworks, dialOverrides]
  return !isDeepStrictEqual(addresses(before), addresses(after))
}

/** The path for these settings: what decides, records, forwards and is told. */
export function composeExchange(
  materials: Materials,
  parts: {
    readonly audit: AuditTrail
    readonly forwarding: ForwardingLeg
    readonly lockouts: LockedOut
    readonly inFlight: ExchangesInFlight
    readonly allowances: Allowances
    readonly observer: ExchangeObserver
    readonly clock: Clock
  },
): ExchangeParts {
  const { config, version } = materials.loaded
  const { audit, forwarding, lockouts, inFlight, allowances, observer, clock } = parts
  return {
    admit: admission.bind({ settings: config.checks, lockouts, allowances, clock }, modeUnder(config.checks), beginEvidence),
    audit,
    forwarding: forwarding.under(config.forwarding, { via: config.listener.via }),
    observer,
    inFlight,
    clock,
    settingsVersion: version,
    timeoutStatus: config.forwarding.timeoutStatus,
  }
}

/** What looks at exchanges under these settings. */
export function composeLook(
  { loaded: { config } }: Materials,
  parts: Omit<LookParts, 'admit' | 'lockouts'> & { readonly lockouts: LockedOut; readonly allowances: Allowances },
): LookParts {
  const { look, audit, observer, clock, lockouts, allowances } = parts
  const admit = lookAdmission.bind({ settings: config.checks, lockouts, allowances, clock }, modeUnder(config.checks))
  return { admit, look, lockouts, audit, observer, clock }
}

/** The operators' settings with their files' paths from the settings file's folder. */
export function operatorsFrom({ config, baseDir }: LoadedConfig): OpsSettings {
  const { certificate, key, anchors, ...rest } = config.operators
  const from = (file: string): string => resolve(baseDir, file)
  return { ...rest, certificate: from(certificate), key: from(key), anchors: anchors.map(from) }
}
