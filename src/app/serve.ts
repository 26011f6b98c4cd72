import { collectSeldom } from '../lib/collector.ts'
import { openLog } from '../lib/logger.ts'
import { workersOf } from '../workers/workers-settings.ts'
import { startControl } from './control-process.ts'
import { startLifecycle } from './lifecycle.ts'
import { loadConfig } from './load-config.ts'
import type { RunningProxy } from './running-proxy.ts'

/** Starts a proxy by its settings file, in one process or in several, and resolves once it takes calls. Rejects with `ConfigRejected` or `StartRefused`. */
export async function startProxy(configPath: string, environment: NodeJS.ProcessEnv = process.env): Promise<RunningProxy> {
  const loaded = await loadConfig(configPath, environment)
  const start = workersOf(loaded.config.workers) > 1 ? startControl : startLifecycle
  return start(loaded, environment, openLog(loaded.config.logging))
}

/** Runs a proxy until SIGTERM or SIGINT, drains it, and resolves. SIGHUP reloads. A second signal ends the process at once. */
export async function serve(configPath: string): Promise<void> {
  // Without a listener Node opens its debugger at this signal, by which every user of the machine could run code in here.
  process.on('SIGUSR1', () => undefined)
  const proxy = await startProxy(configPath)
  collectSeldom()
  process.on('uncaughtException', (error) => proxy.unforeseen(error))
  process.on('SIGHUP', () => void proxy.reload('process'))
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
    }
  })
  await proxy.close()
}
