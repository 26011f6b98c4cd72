import type { Spread } from './statistics.ts'
import { type SubjectName, subjects } from './subjects/subject.ts'
import type { Ratio, Summary } from './summary.ts'
import { tableText } from './table-text.ts'

const columns = ['', 'CPU µs/request', 'requests/s', 'added latency p50 µs', 'p99 µs', 'under load p50 ms', 'p99 ms'] as const

/** The summary as tables for people: medians, and in brackets least and most of the rounds. */
export function summaryText({ scenario, rounds, subjects: measured, ratios }: Summary): string {
  const { name, summary, connections, requests, warmUp } = scenario
  const rows = measured.map((one) => [
    titleOf(one.name),
    spreadText(one.cpu),
    spreadText(one.requestsPerSecond),
    spreadText(one.addedP50),
    one.addedP99.median.toFixed(0),
    (one.loadedP50.median / 1000).toFixed(1),
    (one.loadedP99.median / 1000).toFixed(1),
  ])
  const heading = `${name}: ${summary}; ${connections} connections, ${rounds.length} rounds of ${requests} requests, each after ${warmUp}`
  return [heading, '', tableText([columns, ...rows]), '', ...ratios.map(ratioText), ''].join('\n')
}

function ratioText({ to, median, min, max, atMost, aim }: Ratio): string {
  const measured = `CPU of this proxy = ${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)}) × ${titleOf(to)}`
  if (atMost === undefined || aim === undefined) return measured
  const verdict = median > atMost ? 'not reached' : median > aim ? 'reached' : 'reached, and the aim as well'
  return `${measured}   at most ${atMost.toFixed(2)}, aim ${aim.toFixed(2)}: ${verdict}`
}

function titleOf(name: SubjectName): string {
  return subjects.find((one) => one.name === name)?.title ?? name
}

function spreadText({ median, min, max }: Spread): string {
  return `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`
}
