import { Registry } from 'prom-client'
import { startWorld } from '../test/support/start-world.ts'

interface Registered {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** Every metric that a running proxy registers, as a Markdown table; found by starting one and listening to what it registers. */
export async function metricsReference(): Promise<string> {
  const metrics = await registeredMetrics()
  const rows = metrics.map(({ name, type, labelNames, help }) => [
    `\`${name}\``,
    type,
    labelNames.map((label) => `\`${label}\``).join(', '),
    help.replaceAll('|', '\\|'),
  ])
  const lines = [['metric', 'type', 'labels', 'meaning'], ['---', '---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A scrape shows a label only once it has had a value, so the registration is listened to instead. */
async function registeredMetrics(): Promise<readonly Registered[]> {
  const found = new Map<string, Registered>()
  const registerMetric = Registry.prototype.registerMetric
  Registry.prototype.registerMetric = function registerAndNote(metric) {
    const registered = metric as unknown as Registered
    // Registered again for OpenMetrics, a metric is the same.
    if (!found.has(registered.name)) found.set(registered.name, registered)
    return registerMetric.call(this, metric as never)
  }
  try {
    const world = await startWorld()
    await world.close()
  } finally {
    Registry.prototype.registerMetric = registerMetric
  }
  const isOwn = (name: string) => name.startsWith('ssp_')
  return [...found.values()].sort((a, b) => Number(isOwn(b.name)) - Number(isOwn(a.name)) || a.name.localeCompare(b.name, 'en'))
}
