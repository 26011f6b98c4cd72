import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { LoadedConfig } from './load-config.ts'

/**
 * Which of the private keys that the settings name others than this process's user can read, one sentence each. A key of another user's that this process
 * reads by its group is as it must be; Windows has no such rights. Never rejects: what cannot be looked at is told of by whoever reads it.
 */
export async function openKeyFiles({ config, baseDir }: LoadedConfig): Promise<readonly string[]> {
  if (process.platform === 'win32') return []
  const { listener, operators, forwarding, state, index } = config
  const named = [listener.key, operators.key, forwarding.key, state.redis?.tls?.key, index.postgres.tls?.key]
  const paths = new Set(named.filter((name) => name !== undefined).map((name) => resolve(baseDir, name)))
  const found = await Promise.all([...paths].map(openTo))
  return found.filter((text) => text !== undefined)
}

async function openTo(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  const everybody = (found.mode & 0o007) !== 0
  const group = (found.mode & 0o070) !== 0 && found.uid === process.geteuid?.()
  if (!everybody && !group) return undefined
  const mode = (found.mode & 0o777).toString(8)
  return `the private key ${path} is open to ${everybody ? 'every user of this machine' : 'its group'} (mode ${mode}): run chmod 600 ${path}`
}
