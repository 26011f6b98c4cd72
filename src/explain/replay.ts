import type { AuditedPersonal } from '../audit/entry.ts'
import type { StoredRecord } from '../audit/index/audit-index.ts'
import type { Holding } from '../protection/allowances.ts'
import { asksForVerdict } from '../spine/wire-form.ts'
import { type FirstEntry, type RecordedCall, recordedCall } from './recorded-call.ts'
import type { RecordedTime } from './recorded-time.ts'
import type { Replayed } from './replay-call.ts'
import { createReplayTally, type ReplayReport } from './replay-tally.ts'

/** What a replay goes by. */
export interface ReplayParts {
  readonly decide: (call: RecordedCall) => Replayed
  /** The clock that `decide` goes by. */
  readonly time: RecordedTime
  /** What names people in a record; undefined where it can no longer be read. */
  readonly open: (entry: FirstEntry, record: StoredRecord) => AuditedPersonal | undefined
  /** Only calls of this sending system are told of; the others use up limits all the same. */
  readonly consumer?: string
  /** Told of every thousandth call. */
  readonly told: (calls: number, at: number) => void
}

/** By which a look is refused that nothing was shown to. */
const lookRule = 'exchange-look'

/** Calls under way that hold something of limits; of more the oldest are taken to have ended. */
const mostUnderWay = 100_000

/** Decides recorded calls again, each at its time, in constant memory. Nothing is sent. */
export async function replay(
  records: AsyncIterable<StoredRecord>,
  { decide, time, open, consumer, told }: ReplayParts,
): Promise<ReplayReport> {
  const tally = createReplayTally()
  const underWay = new Map<string, Holding>()
  let calls = 0
  const ended = (exchange: string | undefined): void => {
    if (exchange === undefined) return
    underWay.get(exchange)?.release()
    underWay.delete(exchange)
  }
  for await (const record of records) {
    const { entry } = record
    switch (entry.type) {
      case 'forwarding':
      case 'refused': {
        time.is(entry.at)
        const personal = open(entry, record)
        // A look at a verdict is no call, whatever refused it: other rows decide about it.
        if (entry.type === 'refused' && (entry.rule === lookRule || asksForVerdict(personal?.url ?? ''))) break
        const call = recordedCall(entry, personal)
        const replayed = decide(call)
        if (replayed.holding !== undefined) underWay.set(call.exchange, replayed.holding)
        // How long a call would have taken that was refused nobody knows: it holds nothing beyond its moment.
        if (entry.type === 'refused') ended(call.exchange)
        if (underWay.size > mostUnderWay) ended(underWay.keys().next().value)
        if (consumer === undefined || call.request.from === consumer) tally.add(call, replayed)
        if (++calls % 1000 === 0) told(calls, entry.at)
        break
      }
      case 'outcome':
        time.is(entry.at)
        ended(entry.exchange)
        break
      case 'flood':
        tally.onlyCounted(entry.counts.reduce((sum, { rule, count }) => (rule === lookRule ? sum : sum + count), 0))
        break
      case 'operation':
    }
  }
  return tally.report()
}
