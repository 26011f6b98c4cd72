import type { WorkerStart } from '../workers/messages.ts'
import { keepFromStart } from './at-start-only.ts'
import { type LoadedConfig, loadConfig } from './load-config.ts'
import { partOfMachine } from './part-of-machine.ts'

/** The file's settings as this worker has them: its part, and of what no reload changes what the machine was started with. */
export async function workerSettings({ configPath, among, atStart }: WorkerStart): Promise<LoadedConfig> {
  return partOfMachine(keepFromStart(await loadConfig(configPath, process.env), atStart), among)
}
