import { AuditUnavailable } from '../../../../src/audit/audit-trail.ts'
import type { AuditIndex } from '../../../../src/audit/index/audit-index.ts'
import { createLookups, type Lookups } from '../../../../src/audit/index/lookups.ts'

const looks: readonly (readonly [act: string, look: (lookups: Lookups) => Promise<unknown>])[] = [
  ['exchange-search', (lookups) => lookups.search('who', { limit: 1 })],
  ['exchange-search', (lookups) => lookups.search('who', { nhsNumber: '9690937278', limit: 1 })],
  ['exchange-look', (lookups) => lookups.look('who', 'id', true)],
  ['exchange-look', (lookups) => lookups.lookAsParty('who', 'id')],
  ['event-search', (lookups) => lookups.events('who', { limit: 1 })],
  ['index-rebuild', (lookups) => lookups.rebuild('who')],
]

/** Lookups that note in what order the audit and the index are asked. */
function noting(record: () => Promise<void>) {
  const asked: string[] = []
  const one = (name: string, result: unknown) => async () => {
    asked.push(name)
    return result
  }
  const index = {
    ...{ find: one('index', undefined), search: one('index', { rows: [] }), events: one('index', { rows: [] }) },
    ...{ hashesOf: one('index', { hashes: [] }), rebuild: one('index', undefined), progress: { records: 0, logs: {} } },
  } as unknown as AuditIndex
  const lookups = createLookups({
    index,
    keys: { subjectHashAt: () => 'hash', open: () => undefined },
    now: () => 0,
    record: async (_actor, act) => {
      await record()
      asked.push(act)
    },
  })
  return { lookups, asked }
}

test.each(looks)('%s is on disk in the audit before the index is asked, and where it cannot be nothing is', async (act, look) => {
  const slow = noting(() => new Promise((resolve) => setTimeout(resolve, 5)))
  await look(slow.lookups)
  expect(slow.asked[0]).toBe(act)
  expect(slow.asked.length).toBeGreaterThan(1)
  const failing = noting(() => Promise.reject(new AuditUnavailable('the disk is full')))
  await expect(look(failing.lookups)).rejects.toThrow(AuditUnavailable)
  expect(failing.asked).toEqual([])
})
