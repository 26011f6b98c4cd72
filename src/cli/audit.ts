import { resolve } from 'node:path'
import { Command } from 'commander'
import { type Broken, type Verified, verifyAll } from '../audit/verify.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** `ssp audit verify`: shows that no record of the audit was changed or taken out, or where that first shows. */
export function auditCommand(terminal: Terminal): Command {
  const verify = new Command('verify')
    .description('Verify every audit log, whether a proxy is running or not; ends with 1 at the first place that is wrong.')
    .option('--data <dir>', "data directory, else the settings'")
    .addHelpText('after', '\nExample:\n  ssp audit verify --data data')
    .action(async ({ data }: { data?: string }, command: Command) => {
      const directory = data === undefined ? await dataDirectoryOf(command, terminal) : resolve(terminal.workingDirectory, data)
      const logs = await verifyOrFail(directory)
      if (logs.size === 0) terminal.error(`${directory} holds no audit log\n`)
      for (const [log, result] of logs) terminal.out(`${log}  ${resultText(result)}\n`)
      if (Array.from(logs.values()).some(({ ok }) => !ok)) throw new CommandFailure(exitCode.negative)
    })
  return new Command('audit').description('Work on the audit trail.').addCommand(verify)
}

async function dataDirectoryOf(command: Command, terminal: Terminal): Promise<string> {
  const { config, baseDir } = await loadConfigOf(command, terminal)
  return resolve(baseDir, config.dataDirectory)
}

async function verifyOrFail(directory: string): Promise<ReadonlyMap<string, Verified | Broken>> {
  try {
    return await verifyAll(directory)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is none' : message
    throw new CommandFailure(exitCode.negative, `the audit in ${directory} cannot be read: ${why}`)
  }
}

function resultText(result: Verified | Broken): string {
  if (!result.ok) return `BROKEN at ${result.file}:${result.line}, record ${result.badIndex}: ${result.problem}`
  const { records, head, unfinished, tornTail } = result
  const notes = [
    ...(unfinished > 0 ? [`${unfinished} forwarded calls without an outcome yet`] : []),
    ...(tornTail ? ['the last record is unfinished, as while being written or after a crash'] : []),
  ]
  return [`ok  ${records} records`, `head ${head}`, ...notes].join('  ')
}
