import { fileURLToPath } from 'node:url'
import type { Command } from './owned-processes.ts'

/** How a module, named from this folder, is run by this Node; `profile` is a folder that its CPU profile is written into when it ends. */
export function nodeCommand(module: string, args: readonly string[], port: number, profile?: string): Command {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  return { program: process.execPath, args: [...profiling, fileURLToPath(new URL(module, import.meta.url)), ...args], port }
}
