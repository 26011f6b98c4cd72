import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { keepFromStart, type StartValues } from './at-start-only.ts'
import { describeReload } from './describe-reload.ts'
import { type LoadedConfig, loadConfig } from './load-config.ts'
import { loadMaterials, type Materials } from './materials.ts'
import type { LastReload } from './readiness.ts'

/** How a reload went: `detail` says what changed, or why it was refused. */
export interface ReloadResult {
  readonly ok: boolean
  readonly detail: string
}

/** What a reload works on. */
export interface ReloadParts {
  readonly file: string
  readonly environment: NodeJS.ProcessEnv
  /** Of what no reload changes, what the start had. */
  readonly atStart: StartValues
  readonly inForce: () => Materials
  /** Takes in what may still be refused, before anything is swapped; rejects where it is. */
  readonly prepare: (loaded: LoadedConfig, next: Materials) => Promise<void>
  /** Puts the new materials in force; resolves once they are. */
  readonly swap: (next: Materials) => Promise<void>
  readonly record: (actor: string, act: 'reloaded' | 'reload-refused', detail: string) => Promise<unknown>
  readonly logger: Logger
  readonly clock: Clock
}

/** Reads settings, certificates, lists and registry anew: whole, or not at all. */
export interface Reloading {
  readonly last: LastReload
  /** One at a time: each starts from what the one before left in force. Never rejects. */
  reload(actor: string): Promise<ReloadResult>
}

/** Makes reloads of these parts; what was just started counts as the first. */
export function createReloading({ file, environment, atStart, inForce, prepare, swap, record, logger, clock }: ReloadParts): Reloading {
  let last: LastReload = { ok: true, at: clock.now(), detail: 'started' }
  let turn: Promise<unknown> = Promise.resolve()

  async function reloadNow(actor: string): Promise<ReloadResult> {
    try {
      const loaded = keepFromStart(await loadConfig(file, environment), atStart)
      const next = await loadMaterials(loaded, { previous: inForce() })
      await prepare(loaded, next)
      const detail = describeReload(inForce(), next)
      await swap(next)
      last = { ok: true, at: clock.now(), detail }
      logger.info({ actor, detail }, 'reloaded')
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'unknown'
      last = { ok: false, at: clock.now(), detail }
      logger.error({ actor, detail }, 'the reload was refused: what was in force before still is')
    }
    const { ok, detail } = last
    await record(actor, ok ? 'reloaded' : 'reload-refused', detail).catch(() => undefined)
    return { ok, detail }
  }

  return {
    get last() {
      return last
    },
    reload(actor) {
      const mine = turn.then(() => reloadNow(actor))
      turn = mine
      return mine
    },
  }
}
