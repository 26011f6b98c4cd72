import type { Spread } from '../statistics.ts'
import { type RawFigures, rawFigures } from './raw-figures.ts'

/** One line of what is to be reached, beside what a folder of raw figures says of it. */
export interface TargetLine {
  readonly what: string
  readonly asked: string
  /** Empty where it was not measured. */
  readonly found: string
  readonly verdict: 'reached' | 'missed' | 'not measured'
}

interface Found {
  readonly text: string
  readonly reached: boolean
}

interface Target {
  readonly what: string
  readonly asked: string
  /** The measurements that it is read from. */
  readonly from: readonly string[]
  readonly judge: (...figures: readonly RawFigures[]) => Found | undefined
}

const mebibyte = 1_048_576
const single = 'small-64-connections-1-workers'
const double = 'small-64-connections-2-workers'

const targets: readonly Target[] = [
  ratioTarget('undici', 'the bare undici pass-through', 1.25),
  ratioTarget('http-proxy', '`http-proxy`', 0.5),
  ratioTarget('nginx', 'plain nginx', 4),
  ratioTarget('nginx-deciding', 'nginx doing the comparable job', 1),
  {
    what: 'CPU a call with two processes, beside one',
    asked: 'at most 1.1',
    from: [single, double],
    judge: (one, two) => atMost(1.1, quotient(cpuOf(two, 'this-proxy'), cpuOf(one, 'this-proxy')), 2),
  },
  {
    what: 'what each of two processes takes of their work',
    asked: '40 to 60 %',
    from: [double],
    judge: (two) => {
      const shares = (two?.summaries?.[0]?.rounds ?? [])
        .flat()
        .flatMap(({ subject, shares = [] }) => (subject === 'this-proxy' ? shares : []))
      if (shares.length === 0) return undefined
      const [least, most] = [Math.min(...shares), Math.max(...shares)]
      return { text: `${percent(least)} to ${percent(most)}`, reached: least >= 0.4 && most <= 0.6 }
    },
  },
  handshakeTarget('full', 'bare', '`node:https`'),
  handshakeTarget('full', 'nginx', 'nginx'),
  handshakeTarget('resumed', 'bare', '`node:https`'),
  paceTarget('p50', 1.5),
  paceTarget('p99', 5),
  ...[1000, 5000].map(
    (connections): Target => ({
      what: `memory with ${connections.toLocaleString('en')} idle connections, beyond \`node:https\``,
      asked: 'at most 80 MiB',
      from: ['idle'],
      judge: (idle) => {
        const row = idle?.rows?.find((one) => one.connections === connections)
        const more = row === undefined ? undefined : (row.proxy - row.bare) / mebibyte
        return more === undefined ? undefined : { text: `${more.toFixed(0)} MiB`, reached: more <= 80 }
      },
    }),
  ),
  {
    what: 'CPU of an answer of 1 GB, beside the bare undici pass-through',
    asked: 'at most 1.3',
    from: ['gigabyte'],
    judge: (gigabyte) => atMost(1.3, ratioOf(gigabyte, 'undici'), 2),
  },
  {
    what: 'CPU of a refused call beyond a bare answer, the kind that costs most',
    asked: 'at most 0.3 ms',
    from: ['refused'],
    judge: (refused) => {
      const [worst] = (refused?.kinds ?? []).toSorted((a, b) => b.difference.median - a.difference.median)
      const found = atMost(0.3, worst?.difference, 2)
      return found === undefined ? undefined : { ...found, text: `${worst?.name}: ${found.text} ms` }
    },
  },
  {
    what: "how far a consumer's p95 moves under one that sends a hundred times its limit",
    asked: 'below 10 %',
    from: ['protection'],
    judge: ({ moved } = {}) => (moved === undefined ? undefined : { text: rangeOf(moved, percent), reached: moved.median < 0.1 }),
  },
]

/** Every line of the targets of the published benchmark, in order, as that folder of raw figures has it. */
export function targetLines(folder: string): readonly TargetLine[] {
  return targets.map(({ what, asked, from, judge }) => {
    const figures = from.map((name) => rawFigures(folder, name))
    const found = figures.every((one) => one !== undefined) ? judge(...figures) : undefined
    if (found === undefined) return { what, asked, found: '', verdict: 'not measured' }
    return { what, asked, found: found.text, verdict: found.reached ? 'reached' : 'missed' }
  })
}

/** The lines as a table in Markdown. */
export function targetTable(lines: readonly TargetLine[]): string {
  const rows = lines.map(({ what, asked, found, verdict }) => `| ${what} | ${asked} | ${found || '–'} | ${verdict} |`)
  return ['| what | asked | found | |', '|---|---|---|---|', ...rows].join('\n')
}

function ratioTarget(to: string, title: string, most: number): Target {
  return {
    what: `CPU a call, small answers on 64 kept connections, beside ${title}`,
    asked: to === 'nginx-deciding' ? 'below 1' : `at most ${most}`,
    from: [single],
    judge: (one) => atMost(most, ratioOf(one, to), 2),
  }
}

function handshakeTarget(kind: 'full' | 'resumed', subject: string, title: string): Target {
  return {
    what: `${kind} handshakes in the same CPU time, beside ${title}`,
    asked: 'at least 0.9',
    from: ['handshakes'],
    judge: (handshakes) => {
      const ratio = handshakes?.measured?.find((one) => one.kind === kind && one.subject === subject)?.ratio
      return ratio === undefined ? undefined : { text: rangeOf(ratio, (value) => value.toFixed(2)), reached: ratio.median >= 0.9 }
    },
  }
}

function paceTarget(percentile: 'p50' | 'p99', below: number): Target {
  return {
    what: `latency added at half of the capacity, ${percentile}`,
    asked: `below ${below} ms`,
    from: ['pace'],
    judge: (pace) => {
      const added = pace?.measured?.find(({ share, subject }) => share === 0.5 && subject.startsWith('this proxy'))?.added?.[percentile]
      return added === undefined ? undefined : { text: `${rangeOf(added, (ms) => ms.toFixed(1))} ms`, reached: added.median < below }
    },
  }
}

function ratioOf(figures: RawFigures | undefined, to: string): Spread | undefined {
  return figures?.summaries?.[0]?.ratios.find((one) => one.to === to)
}

function cpuOf(figures: RawFigures | undefined, name: string): Spread | undefined {
  return figures?.summaries?.[0]?.subjects.find((one) => one.name === name)?.cpu
}

/** Of two measurements made one after the other: the medians' quotient, and how far it may be off where both are. */
function quotient(above: Spread | undefined, below: Spread | undefined): Spread | undefined {
  if (above === undefined || below === undefined) return undefined
  return { median: above.median / below.median, min: above.min / below.max, max: above.max / below.min }
}

function atMost(most: number, spread: Spread | undefined, digits: number): Found | undefined {
  return spread === undefined ? undefined : { text: rangeOf(spread, (value) => value.toFixed(digits)), reached: spread.median <= most }
}

function rangeOf({ median, min, max }: Spread, shown: (value: number) => string): string {
  return `${shown(median)} (${shown(min)} to ${shown(max)})`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
