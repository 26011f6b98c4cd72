import type { Materials } from './materials.ts'

/** What a reload brought, in words for the log, the audit and whoever asked; and what of it waits for the next start. */
export function describeReload(before: Materials, after: Materials): string {
  const changed = [
    before.loaded.version === after.loaded.version ? '' : `settings ${after.loaded.version}`,
    before.trust.version === after.trust.version ? '' : `trust ${after.trust.version}`,
    before.registry.version === after.registry.version ? '' : `registry ${after.registry.version}${lacks(after.registry.vanished)}`,
    before.server.cert === after.server.cert ? '' : 'server certificate',
    before.client.cert === after.client.cert ? '' : 'client certificate',
  ].filter((text) => text !== '')
  const { waiting } = after.loaded
  const news = changed.length === 0 ? 'nothing has changed' : `new: ${changed.join(', ')}`
  return waiting.length === 0 ? news : `${news}; ${waiting.join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for the next start`
}

/** What is missing is told, few as it may be: nobody asked for it where a file was cut off. */
function lacks(records: number): string {
  return records === 0
    ? ''
    : `, in which ${records} ${records === 1 ? 'record' : 'records'} of the one before ${records === 1 ? 'is' : 'are'} missing`
}
