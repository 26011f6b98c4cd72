import { isDeepStrictEqual } from 'node:util'
import type { Materials } from './materials.ts'

/** Sections whose settings are read once, at the start; the files that they name are read at every reload all the same. */
const atStartOnly = ['dataDirectory', 'listener', 'forwarding', 'audit', 'state', 'lockouts', 'logging', 'environment'] as const

/** What a reload brought, in words for the log, the audit and whoever asked; and what of it waits for the next start. */
export function describeReload(before: Materials, after: Materials): string {
  const changed = [
    before.loaded.version === after.loaded.version ? '' : `settings ${after.loaded.version}`,
    before.trust.version === after.trust.version ? '' : `trust ${after.trust.version}`,
    before.registry.version === after.registry.version ? '' : `registry ${after.registry.version}`,
    before.server.cert === after.server.cert ? '' : 'server certificate',
    before.client.cert === after.client.cert ? '' : 'client certificate',
  ].filter((text) => text !== '')
  const waiting = atStartOnly.filter((section) => !isDeepStrictEqual(before.loaded.config[section], after.loaded.config[section]))
  const news = changed.length === 0 ? 'nothing has changed' : `new: ${changed.join(', ')}`
  return waiting.length === 0 ? news : `${news}; ${waiting.join(', ')} take effect at the next start`
}
