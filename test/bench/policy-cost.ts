// `npm run policy-cost`: what rows 14 and 15 cost a request, over a million calls. See its usage below.
import { cpus, loadavg } from 'node:os'
import { readOptions } from '../support/command-line.ts'
import { whole } from '../support/option-kinds.ts'
import { evenMix, skewedMix } from './policy-cost/party-mix.ts'
import { costOfRow14, limitsOfRow14 } from './policy-cost/row-14.ts'
import { costOfRow15, costOfWaiting } from './policy-cost/row-15.ts'
import type { Spread } from './statistics.ts'
import { tableText } from './table-text.ts'

/** What both rows may cost together, in µs. */
const atMost = 3
const underWay = 64

const { values } = readOptions({
  command: 'npm run policy-cost --',
  purpose:
    'Measures what limits (row 14) and queue (row 15) cost a call: processor time, over a million calls of 20,000 consumers to 8,000 providers.',
  options: { runs: whole('runs, of which the median is told', { otherwise: 5, to: 1000 }) },
  exits: { 0: `both together cost at most ${atMost} µs with the usual limits`, 1: 'they cost more' },
})

async function main(): Promise<boolean> {
  const { runs } = values
  const rows: string[][] = []
  const limits = Object.keys(limitsOfRow14) as (keyof typeof limitsOfRow14)[]
  let holds = true
  for (const [name, mix] of [['skewed', skewedMix()] as const, ['even', evenMix()] as const]) {
    const row15 = await costOfRow15(mix, underWay, runs)
    for (const limit of limits) {
      const row14 = await costOfRow14(limit, mix, underWay, runs)
      const sum = row14.median + row15.median
      if (limit === 'the usual limits' && sum > atMost) holds = false
      rows.push([`${limit}, parties ${name}`, text(row14), text(row15), sum.toFixed(2)])
    }
  }
  const waiting = await costOfWaiting(runs)
  rows.push(['a call that waits for a place', '', text(waiting), ''])
  console.log(
    [
      `µs of processor time a call; median of ${runs} runs of a million calls (least to most); ${underWay} calls under way, 20,000 consumers, 8,000 providers; the loop's own cost is taken off`,
      '',
      tableText([['', 'row 14', 'row 15', 'together'], ...rows]),
      '',
      `at most ${atMost} µs together with the usual limits: ${holds ? 'holds' : 'missed'}`,
      `Node ${process.version}, ${cpus()[0]?.model}, load average ${loadavg()[0]?.toFixed(1)}`,
    ].join('\n'),
  )
  return holds
}

function text({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`
}

process.exitCode = (await main()) ? 0 : 1
