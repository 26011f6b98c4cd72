import { join, resolve } from 'node:path'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { OperationAct } from '../audit/operations.ts'
import { openAuditTrail } from '../audit/trail.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log, Logger } from '../lib/logger.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { createExpiryGauges, type ExpiryGauges } from '../ops/expiry-gauges.ts'
import { createIssuerMemory, type IssuerMemory } from '../pki/issuer-memory.ts'
import { type KeptCrls, openKeptCrls } from '../pki/kept-crls.ts'
import { auditGauges } from './audit-gauges.ts'
import type { LoadedConfig } from './load-config.ts'
import { makeDataDirectory } from './make-data-directory.ts'
import { loadMaterials, type Materials } from './materials.ts'
import type { StartedParts } from './started-parts.ts'

/** What every process of a proxy stands on: settings, materials, its own audit log, metrics, clock. */
export interface Ground {
  readonly loaded: LoadedConfig
  readonly dataDirectory: string
  /** What is in force now. */
  readonly materials: () => Materials
  /** Puts others in their place; whoever asks next gets them. */
  readonly replace: (next: Materials) => void
  readonly kept: KeptCrls
  readonly audit: AuditTrail
  readonly metrics: Metrics
  /** When certificates end, of whoever is registered. */
  readonly expiry: ExpiryGauges
  readonly log: Log
  readonly logger: Logger
  readonly clock: Clock
  /** Records an act in this process's log; rejects with `AuditUnavailable`. */
  record(actor: string, act: OperationAct, detail: Readonly<Record<string, string | number | boolean>>): Promise<unknown>
}

/** How a process's ground differs from the usual one. */
export interface GroundOptions {
  readonly log: Log
  readonly clock: Clock
  /** The process's part of its audit log's name; `main` unless told otherwise. */
  readonly worker?: string
  readonly issuerMemory?: IssuerMemory
  /** Told when the issuers of a resumable session were forgotten; its tickets must become worthless. */
  readonly onIssuersForgotten: () => void
}

/** Reads the materials and opens the audit log. Rejects with what any of them rejects with. */
export async function layGround(loaded: LoadedConfig, options: GroundOptions, { add: started }: StartedParts): Promise<Ground> {
  const { log, clock, worker, onIssuersForgotten } = options
  const dataDirectory = resolve(loaded.baseDir, loaded.config.dataDirectory)
  await makeDataDirectory(dataDirectory)
  const kept = await openKeptCrls(join(dataDirectory, 'crl'))
  const issuerMemory = options.issuerMemory ?? createIssuerMemory({ onForgotten: onIssuersForgotten })
  let materials = await loadMaterials(loaded, { first: { issuerMemory, keptCrls: kept.found } })
  const trail = await openAuditTrail(loaded.config.audit, dataDirectory, {
    clock,
    inForce: () => materials.loaded.config.audit,
    tell: (message) => log.logger.warn(message),
    ...(worker !== undefined && { worker }),
  })
  const audit = started(trail, (open) => open.close())
  const metrics = createMetrics()
  auditGauges(metrics, audit)
  return {
    ...{ loaded, dataDirectory, kept, audit, log, logger: log.logger, clock },
    metrics,
    expiry: createExpiryGauges(metrics, (fqdn) => materials.registry.hosts.has(fqdn) || materials.registry.partyKeysOf(fqdn).size > 0),
    materials: () => materials,
    replace(next) {
      materials = next
    },
    record: (actor, act, detail) => audit.operation({ type: 'operation', v: 1, at: clock.now(), actor, act, detail }),
  }
}
