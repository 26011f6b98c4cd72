import type { Materials } from './materials.ts'

/** What a reload brought, in words for the log, the audit and whoever asked; and what of it waits for the next start. */
export function describeReload(before: Materials, after: Materials): string {
  const changed = [
    before.loaded.version === after.loaded.version ? '' : `settings ${after.loaded.version}`,
    before.trust.version === after.trust.version ? '' : `trust ${after.trust.version}`,
    before.registry.version === after.registry.version ? '' : `registry ${after.registry.version}${lacks(before, after)}`,
    before.server.cert === after.server.cert ? '' : 'server certificate',
    before.client.cert === after.client.cert ? '' : 'client certificate',
  ].filter((text) => text !== '')
  const { waiting } = after.loaded
  const news = changed.length === 0 ? 'nothing has changed' : `new: ${changed.join(', ')}`
  return waiting.length === 0 ? news : `${news}; ${waiting.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for the next start`
}

/** What is missing is told, few as it may be: nobody asked for it where a file was cut off, and a rule that is gone may have denied. */
function lacks({ registry: before }: Materials, { registry: after }: Materials): string {
  const fewer = before.counts.sharingRules - after.counts.sharingRules
  const missing = [
    ...(after.vanished > 0 ? [number(after.vanished, 'record')] : []),
    ...(fewer > 0 ? [number(fewer, 'data-sharing rule')] : []),
  ]
  if (missing.length === 0) return ''
  return `, in which ${missing.join(' and ')} of the one before ${after.vanished + Math.max(0, fewer) === 1 ? 'is' : 'are'} missing`
}

function number(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
