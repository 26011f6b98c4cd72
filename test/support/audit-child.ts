// A process that records exchanges until it is killed: node audit-child.ts DATADIR. Says on standard output what was confirmed to it.
import { writeSync } from 'node:fs'
import { auditSettings } from '../../src/audit/audit-settings.ts'
import { openAuditTrail } from '../../src/audit/trail.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { sampleForwarding, sampleOutcome } from './audit-entries.ts'

const settings = auditSettings.parse({ node: 'node1', segmentBytes: 65_536, reserveBytes: 0 })
const trail = await openAuditTrail(settings, process.argv[2] ?? '', { clock: systemClock })

async function caller(name: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const exchange = `${process.pid}-${name}-${count}`
    const { index } = await trail.forwarding(sampleForwarding(exchange))
    say(`${index} ${exchange}\n`)
    await new Promise(setImmediate)
    if (count % 10 !== 9) trail.outcome(sampleOutcome(exchange))
  }
}

/** At once, whoever is killed next; again where the reader is behind. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

await Promise.all(Array.from({ length: 16 }, (_, name) => caller(name)))
