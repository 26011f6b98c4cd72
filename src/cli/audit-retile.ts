import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { logFolders } from '../audit/log-directories.ts'
import { mendTiles } from '../audit/tiles/mend-tiles.ts'
import { CommandFailure } from './command-failure.ts'
import { exitCode } from './exit-code.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'

/** `ssp audit retile`: makes the tiles that are missing or wrong from the logs. */
export function auditRetileCommand(terminal: Terminal): Command {
  return new Command('retile')
    .description(
      'Hold the tiles of every log against its records, and make those anew that are missing or wrong, keeping aside what contradicts them; a proxy may run.',
    )
    .requiredOption('--data <dir>', 'data directory, or a copy of it')
    .addHelpText('after', '\nExample:\n  ssp audit retile --data data')
    .action(async ({ data }: { data: string }) => {
      const directory = resolve(terminal.workingDirectory, data)
      for (const name of logsIn(directory)) terminal.out(`${printable(`${name}  ${await retiled(join(directory, 'audit', name))}`)}\n`)
    })
}

function logsIn(data: string): readonly string[] {
  try {
    return logFolders(data)
  } catch (error) {
    throw new CommandFailure(exitCode.negative, `the audit in ${data} cannot be read: ${(error as Error).message}`)
  }
}

async function retiled(directory: string): Promise<string> {
  try {
    const { records, made } = await mendTiles({ directory, all: true })
    return `${records} records, ${made} tiles made`
  } catch (error) {
    throw new CommandFailure(exitCode.negative, `no tiles can be made of ${directory}: ${(error as Error).message}`)
  }
}
