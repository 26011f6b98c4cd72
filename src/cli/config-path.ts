import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type LoadedConfig, loadConfig } from '../app/load-config.ts'
import type { Terminal } from './terminal.ts'

/** `--config FILE`, which every command takes. */
export function configOption(): Option {
  return new Option('--config <file>', 'settings file (else the variable SSP_CONFIG, else config/dev.yaml)').argParser((file: string) => {
    // What a script's unset variable leaves must not become the demonstration's settings.
    if (file === '') throw new InvalidArgumentError('Give a file.')
    return file
  })
}

/** The settings file that a command means: `--config`, else `SSP_CONFIG`, else `config/dev.yaml` here, else the package's own. */
export function configPath(command: Command, { environment, workingDirectory, packageDirectory }: Terminal): string {
  const { config } = command.optsWithGlobals<{ config?: string }>()
  const named = config ?? environment['SSP_CONFIG']
  if (named !== undefined && named !== '') return named
  const here = join('config', 'dev.yaml')
  if (existsSync(join(workingDirectory, here))) return here
  const packaged = join(packageDirectory, here)
  const fromHere = relative(workingDirectory, packaged)
  return fromHere.startsWith('..') ? packaged : fromHere
}

/** Reads the settings that a command means. Rejects with `ConfigRejected`. */
export async function loadConfigOf(command: Command, terminal: Terminal): Promise<LoadedConfig> {
  return await loadConfig(configPath(command, terminal), terminal.environment)
}
