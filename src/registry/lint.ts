import { loadFiles, loadRequest } from './load-files.ts'
import type { RegistryFinding } from './registry.ts'
import type { RegistrySettings } from './registry-settings.ts'

/** Findings beyond this many of one severity help nobody. */
const findingLimit = 100_000

/**
 * Everything worth saying about the files that the settings name: what a load would report, and, as the last error, why it
 * would be refused.
 */
export async function lintRegistry(settings: RegistrySettings, baseDir: string): Promise<readonly RegistryFinding[]> {
  const outcome = await loadFiles(loadRequest(settings, baseDir, undefined, findingLimit))
  if (outcome.kind === 'loaded') return outcome.findings
  return [...outcome.findings, { severity: 'error', place: outcome.place, record: '', message: `the load is refused: ${outcome.message}` }]
}
