import type { Clock } from '../lib/clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { observedUnder } from '../proxy/admission.ts'
import type { ReadinessView } from './readiness.ts'

/** Gauges of what is in force now, read at each scrape. */
export function stateGauges(metrics: Metrics, view: () => ReadinessView, connections: () => number, clock: Clock): void {
  metrics.gauge('ssp_consumer_connections', 'Open connections of consumers.', [], (gauge) => gauge.set(connections()))
  metrics.gauge('ssp_audit_open_exchanges', 'Forwarded exchanges whose outcome is not known yet.', [], (gauge) =>
    gauge.set(view().audit.open),
  )
  metrics.gauge('ssp_audit_writable', '1 while the audit log can be written.', [], (gauge) =>
    gauge.set(view().audit.health.writable ? 1 : 0),
  )
  metrics.gauge('ssp_lockouts_degraded', '1 while this node does not hear of the lockouts of others, or tells them of none.', [], (gauge) =>
    gauge.set(view().lockouts.health.ok ? 0 : 1),
  )
  metrics.gauge('ssp_registry_records', 'Records of the registry in force.', ['kind'], (gauge) => {
    const { systems, endpoints, faulty, sharingRules } = view().materials.registry.counts
    gauge.labels('system').set(systems)
    gauge.labels('endpoint').set(endpoints)
    gauge.labels('faulty').set(faulty)
    gauge.labels('sharing-rule').set(sharingRules)
  })
  metrics.gauge('ssp_registry_loaded_timestamp_seconds', 'When the registry in force was loaded.', [], (gauge) =>
    gauge.set(view().materials.registry.loadedAt / 1000),
  )
  metrics.gauge('ssp_config_last_reload_successful', '1 when the last reload was taken.', [], (gauge) =>
    gauge.set(view().lastReload.ok ? 1 : 0),
  )
  metrics.gauge('ssp_config_last_reload_timestamp_seconds', 'When the last reload was tried.', [], (gauge) =>
    gauge.set(view().lastReload.at / 1000),
  )
  metrics.gauge('ssp_crl_next_update_timestamp_seconds', 'When each revocation list is due to be replaced.', ['issuer'], (gauge) => {
    gauge.reset()
    for (const { issuer, nextUpdate } of view().materials.trust.crls) gauge.labels(issuer).set(nextUpdate / 1000)
  })
  metrics.gauge('ssp_crl_age_seconds', 'How long ago each revocation list was made.', ['issuer'], (gauge) => {
    gauge.reset()
    for (const { issuer, thisUpdate } of view().materials.trust.crls) gauge.labels(issuer).set((clock.now() - thisUpdate) / 1000)
  })
  metrics.gauge('ssp_crl_entries', 'Certificates that each revocation list revokes.', ['issuer'], (gauge) => {
    gauge.reset()
    for (const { issuer, entries } of view().materials.trust.crls) gauge.labels(issuer).set(entries)
  })
  metrics.gauge('ssp_check_observing', '1 for each check that only observes.', ['check'], (gauge) => {
    gauge.reset()
    const { materials, capacity } = view()
    for (const name of [...observedUnder(materials.loaded.config.checks), ...capacity.observing]) gauge.labels(name).set(1)
  })
}
