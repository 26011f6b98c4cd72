import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { makeNextLogKey } from '../audit/log-key-files.ts'
import { systemClock } from '../lib/clock.ts'
import type { LoadedConfig } from './load-config.ts'
import { openLooks } from './open-looks.ts'

/**
 * Makes the next key that this machine's logs are signed with, once who asks for it and why is on disk in the log `node/cli`, and returns its file. Each log hands over by
 * itself: those of running processes within a second, others when they are opened next.
 */
export async function rotateLogKey(loaded: LoadedConfig, actor: string, reason: string): Promise<string> {
  const dataDirectory = resolve(loaded.baseDir, loaded.config.dataDirectory)
  // A name that is mistyped would have a key made for nothing, and the log's would stay.
  if (!existsSync(dataDirectory)) throw new Error(`there is no ${dataDirectory}`)
  const trail = await openLooks(loaded, dataDirectory)
  try {
    await trail.operation({ v: 1, type: 'operation', at: systemClock.now(), actor, act: 'rotate-log-key', detail: { reason } })
    return makeNextLogKey(dataDirectory)
  } finally {
    await trail.close()
  }
}
