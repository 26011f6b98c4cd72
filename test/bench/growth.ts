// `npm run growth`: what each thing on the path costs with more and more of what it may grow with. See its usage below.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../support/command-line.ts'
import { flag, whole } from '../support/option-kinds.ts'
import { auditCurves } from './growth/audit-curves.ts'
import { measureCurve, type Point } from './growth/curve.ts'
import { directoryCurves } from './growth/directory-curves.ts'
import { protectionCurves } from './growth/protection-curves.ts'
import { tableText } from './table-text.ts'

const { values } = readOptions({
  command: 'npm run growth --',
  purpose:
    'Measures what each thing on the path costs with 100, 1,000 … a million of what it may grow with: registered systems, consumers, providers, pools, locked-out\n' +
    'parties, audit records. Processor time, ns each, of one thread.',
  options: {
    most: whole('the most of each', { from: 100, to: 1_000_000, otherwise: 1_000_000 }),
    json: flag('JSON on stdout in place of a table'),
  },
  exits: { 0: 'it was measured' },
})
const counts = [100, 1_000, 10_000, 100_000, 1_000_000].filter((count) => count <= values.most)
const folder = await mkdtemp(join(tmpdir(), 'ssp-growth-'))
const measured: { readonly of: string; readonly what: string; readonly points: readonly Point[] }[] = []
try {
  for (const curve of [...directoryCurves(folder), ...protectionCurves, ...auditCurves]) {
    const { of, what } = curve
    process.stderr.write(`${of}: ${what}\n`)
    measured.push({ of, what, points: await measureCurve(curve, counts) })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
const machine = { node: process.version, cpu: cpus()[0]?.model, load: loadavg()[0] }
if (values.json) console.log(JSON.stringify({ machine, measured }, null, 2))
else {
  const rows = measured.map(({ of, what, points }) => [of, what, ...counts.map((count) => text(points, count)), factorText(points)])
  console.log('ns of processor time each, median of seven rounds\n')
  console.log(tableText([['of', 'what', ...counts.map((count) => count.toLocaleString('en')), 'factor'], ...rows]))
  console.log(`\nNode ${machine.node}, ${machine.cpu}, load average ${machine.load?.toFixed(1)}`)
}

function text(points: readonly Point[], count: number): string {
  const point = points.find((one) => one.count === count)
  return point === undefined ? '' : point.median.toFixed(0)
}

/** How many times more it costs with the most of them than with the fewest. */
function factorText(points: readonly Point[]): string {
  return ((points.at(-1)?.median ?? 0) / (points[0]?.median ?? 1)).toFixed(1)
}
