// A process that fills the embedded index until it is killed: node index-child.ts DATADIR. Says on standard output how many exchanges were taken.
import { writeSync } from 'node:fs'
import { openSqliteIndex } from '../../src/audit/index/sqlite-index.ts'
import { indexBatch, indexedExchange } from './index-rows.ts'

const store = openSqliteIndex(process.argv[2] ?? '', 50)
for (let from = (await store.position('node1/main'))?.next ?? 0; ; from += 20) {
  const exchanges = Array.from({ length: 20 }, (_, more) => indexedExchange({ record: from + more, at: 1_790_000_000_000 + from + more }))
  if (!(await store.add(indexBatch(from, { exchanges })))) throw new Error('the index did not take a batch')
  writeSync(1, `${from + 20}\n`)
}
