import type { StoredRecord } from '../../../src/audit/index/audit-index.ts'
import type { StoredEntry } from '../../../src/audit/stored-entry.ts'
import { createRecordedTime } from '../../../src/explain/recorded-time.ts'
import { replay } from '../../../src/explain/replay.ts'
import { sampleForwarding, sampleOutcome, sampleRefused } from '../../support/audit-entries.ts'

/** Replays these entries by a list that lets everything pass; `released` are the exchanges whose place was given back, in order. */
async function replayed(entries: readonly object[]) {
  const released: string[] = []
  async function* records(): AsyncGenerator<StoredRecord> {
    for (const [index, entry] of entries.entries()) yield { log: 'n/main', index, entry: entry as StoredEntry }
  }
  const report = await replay(records(), {
    decide: ({ exchange }) => ({ unjudged: [], holding: { release: () => void released.push(exchange) } as never }),
    time: createRecordedTime(),
    open: ({ personal }) => personal as object,
    told: () => undefined,
  })
  return { report, released }
}

test('of floods the number is told, without that of looks', async () => {
  const counts = [
    { rule: 'throttle', status: 429, key: '*', count: 40 },
    { rule: 'wire-form', status: 400, key: '192.0.2.1', count: 2 },
    { rule: 'exchange-look', status: 404, key: '192.0.2.1', count: 7 },
  ]
  const flood = { type: 'flood', v: 1, at: 2, since: 1, counts }
  expect((await replayed([flood, flood])).report).toMatchObject({ calls: 0, onlyCounted: 84 })
})

test('a look is no call, whatever refused it', async () => {
  const url = '/ssp/exchanges/0123456789abcdef0123456789abcdef'
  const { report } = await replayed([
    sampleRefused('a', { rule: 'exchange-look', status: 404, personal: { url } }),
    sampleRefused('b', { rule: 'method', status: 405, personal: { url } }),
    sampleRefused('c', { rule: 'exchange-look', status: 404, personal: {} }),
    sampleRefused('d', { rule: 'method', status: 405, personal: { url: '/https://provider.thirdparty.nhs.uk/ssp/exchanges/1' } }),
  ])
  expect(report).toMatchObject({ calls: 1, passed: [{ exchanges: ['d'] }], refused: [], otherwise: [] })
})

test('what a call holds is given back at its outcome, of a refused one at once', async () => {
  const { released } = await replayed([
    sampleForwarding('a'),
    sampleForwarding('b'),
    sampleRefused('c'),
    sampleOutcome('b'),
    sampleOutcome('a'),
  ])
  expect(released).toEqual(['c', 'b', 'a'])
})
