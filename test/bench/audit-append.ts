// Measures the audit's append path: CPU and latency per record at several numbers of concurrent callers. Run: node test/bench/audit-append.ts [directory]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditSettings } from '../../src/audit/audit-settings.ts'
import { diskFiles, type LogFiles } from '../../src/audit/log-file.ts'
import { openAuditTrail } from '../../src/audit/trail.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { sampleForwarding, sampleOutcome } from '../support/audit-entries.ts'

let writes = 0
const countedFiles: LogFiles = {
  ...diskFiles,
  create: async (path) => {
    const file = await diskFiles.create(path)
    return {
      append: (bytes) => {
        writes += 1
        return file.append(bytes)
      },
      standsAt: (at, bytes) => file.standsAt(at, bytes),
      close: () => file.close(),
    }
  },
}

function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'audit-bench-'))
try {
  const trail = await openAuditTrail(auditSettings.parse({ reserveBytes: 0 }), join(directory, 'data'), {
    clock: systemClock,
    files: countedFiles,
  })
  let exchange = 0
  async function caller(exchanges: number, latencies: number[]): Promise<void> {
    for (let count = 0; count < exchanges; count += 1) {
      const id = `exchange-${exchange++}`
      const from = performance.now()
      await trail.forwarding(sampleForwarding(id))
      latencies.push(performance.now() - from)
      trail.outcome(sampleOutcome(id))
    }
  }
  async function round(callers: number, exchanges: number): Promise<string> {
    const latencies: number[] = []
    writes = 0
    const cpu = process.cpuUsage()
    const thread = process.threadCpuUsage()
    const from = performance.now()
    await Promise.all(Array.from({ length: callers }, () => caller(exchanges, latencies)))
    const wall = performance.now() - from
    const { user, system } = process.cpuUsage(cpu)
    const main = process.threadCpuUsage(thread)
    const records = 2 * callers * exchanges
    const order = sorted(latencies)
    return [
      `${callers} callers: ${records} records`,
      `${((main.user + main.system) / records).toFixed(1)} µs/record on the main thread`,
      `${((user + system) / records).toFixed(1)} µs/record in the process`,
      `${(records / writes).toFixed(1)} records/write`,
      `p50 ${order[order.length >> 1]?.toFixed(2)} ms, p99 ${order[Math.floor(order.length * 0.99)]?.toFixed(2)} ms`,
      `${Math.round((records / wall) * 1000)} records/s`,
    ].join(' | ')
  }
  await round(64, 400)
  for (const callers of [1, 8, 64, 256]) console.log(await round(callers, Math.ceil(20_000 / callers)))
  await trail.close()
} finally {
  rmSync(directory, { recursive: true })
}
