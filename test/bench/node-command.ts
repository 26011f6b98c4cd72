import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from './owned-processes.ts'

const checkout = new URL('../../', import.meta.url)
const [source, built] = [new URL('src/', checkout), new URL('dist/main.js', checkout)]

/** Whether this proxy is run as it is shipped, which `npm run bench` sees to: from what `npm run build` made of the sources as they are now. */
export function isBuilt(): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).every((name) => statSync(new URL(name, source)).mtimeMs <= made)
}

/** How this proxy is run with these settings: built where it is, from its sources otherwise. */
export function proxyCommand(config: string, port: number, profile?: string): Command {
  return nodeCommand(isBuilt() ? '../../dist/main.js' : '../../bin/ssp.js', ['serve', '--config', config], port, profile)
}

/** How a module, named from this folder, is run by this Node; `profile` is a folder that its CPU profile is written into when it ends. */
export function nodeCommand(module: string, args: readonly string[], port: number, profile?: string): Command {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  return { program: process.execPath, args: [...profiling, fileURLToPath(new URL(module, import.meta.url)), ...args], port }
}
