import { readFileSync } from 'node:fs'
import type { Version } from '../ops/ops-parts.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly name: string
  readonly version: string
}

/** What this program is, from its package. */
export function programVersion(): Version {
  return { name: manifest.name, version: manifest.version, node: process.version }
}
