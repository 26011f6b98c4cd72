import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Command } from 'commander'
import type { LoadedConfig } from '../app/load-config.ts'
import { replayOffline } from '../app/replay-offline.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import { localActor } from './local-actor.ts'
import { createProgressLine } from './progress-line.ts'
import { loadRegistry } from './registry-lookup.ts'
import { replayJson, replayText } from './replay-text.ts'
import { refuseEmptyTime, withTimeOptions } from './search-options.ts'
import type { Terminal } from './terminal.ts'

interface ReplayOptions {
  readonly registry?: string
  readonly data?: string
  readonly consumer?: string
  readonly since?: string
  readonly until?: string
  readonly json?: boolean
}

const usualMs = 3_600_000

/** `ssp replay`: what other settings, another directory or other limits would have made of the calls that were recorded; nothing is sent. */
export function replayCommand(terminal: Terminal): Command {
  return withTimeOptions(new Command('replay'))
    .description(
      'Decide recorded calls again, by these settings and this directory, and say which would have been decided otherwise; ends with 1 where a call that passed would be refused. That it was done is recorded.',
    )
    .option('--registry <dir>', 'folder whose files are taken in the place of those that the settings name, by the same names')
    .option('--data <dir>', "data directory whose logs are read, else the settings'")
    .option('--consumer <asid>', 'tell of this sending system alone')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nWithout --since, the last hour. What the audit does not hold (a certificate, a signature, Accept, who was locked out) stands as it was decided then.\n\nExamples:\n  ssp replay --config stricter.yaml --data data --since 24h\n  ssp replay --registry next-directory --since 2026-11-01 --consumer 200000000359',
    )
    .action(async (options: ReplayOptions, command: Command) => {
      const loaded = withRegistry(await loadConfigOf(command, terminal), options.registry, terminal)
      const registry = await loadRegistry(loaded)
      const now = Date.now()
      const since = options.since ?? new Date(now - usualMs).toISOString()
      const until = options.until ?? new Date(now).toISOString()
      refuseEmptyTime({ since, until })
      const dataDirectory = logsIn(loaded, options.data, terminal)
      const line = createProgressLine(terminal)
      const report = await replayOffline(loaded, registry, {
        ...{ actor: localActor(), since: Date.parse(since), until: Date.parse(until), dataDirectory },
        ...(options.consumer !== undefined && { consumer: options.consumer }),
        told: (calls, at) => line.show(`${calls} calls decided again, up to ${new Date(at).toISOString()}`),
      })
      line.end()
      const asked = { since: Date.parse(since), until: Date.parse(until), settings: loaded.version, registry: registry.version }
      terminal.out(options.json === true ? replayJson(asked, report) : replayText(asked, report))
      if (report.refused.length > 0) throw new CommandFailure(exitCode.negative, '')
    })
}

/** The data directory that is asked for, which must hold logs: of a wrong one nothing could be said but that nothing changes. */
function logsIn({ config, baseDir }: LoadedConfig, data: string | undefined, { workingDirectory }: Terminal): string {
  const directory = data === undefined ? resolve(baseDir, config.dataDirectory) : resolve(workingDirectory, data)
  if (existsSync(join(directory, 'audit'))) return directory
  throw new CommandFailure(data === undefined ? exitCode.configuration : exitCode.usage, `${directory} holds no audit log`)
}

/** The settings with the directory's files taken from another folder. */
function withRegistry(loaded: LoadedConfig, folder: string | undefined, { workingDirectory }: Terminal): LoadedConfig {
  if (folder === undefined) return loaded
  const there = (file: string): string => join(resolve(workingDirectory, folder), basename(file))
  const { registry } = loaded.config
  const moved = { ...registry, files: registry.files.map(there), sharingRules: there(registry.sharingRules) }
  return { ...loaded, config: { ...loaded.config, registry: moved } }
}
