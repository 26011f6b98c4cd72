import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { ConfigRejected } from '../app/config-rejected.ts'
import { StartRefused } from '../app/start-refused.ts'
import { auditCommand } from './audit.ts'
import { breakerCommand } from './breaker.ts'
import { checkConfigCommand } from './check-config.ts'
import { CommandFailure } from './command-failure.ts'
import { configOption } from './config-path.ts'
import { configSchemaCommand } from './config-schema.ts'
import { describeCommand } from './describe.ts'
import { endpointCommand } from './endpoint.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { explainCommand } from './explain.ts'
import { lockoutCommand } from './lockout.ts'
import { printConfigCommand } from './print-config.ts'
import { printable } from './printable.ts'
import { registryCommand } from './registry.ts'
import { reloadCommand } from './reload.ts'
import { replayCommand } from './replay.ts'
import { serveCommand } from './serve.ts'
import { statusCommand } from './status.ts'
import type { Terminal } from './terminal.ts'
import { tokenCommand } from './token.ts'
import { traceCommand } from './trace.ts'

/** Every command, in the order of the help. To add one, write its file and name it here. */
const commands: readonly ((terminal: Terminal) => Command)[] = [
  serveCommand,
  checkConfigCommand,
  printConfigCommand,
  configSchemaCommand,
  describeCommand,
  tokenCommand,
  endpointCommand,
  explainCommand,
  replayCommand,
  registryCommand,
  auditCommand,
  traceCommand,
  statusCommand,
  reloadCommand,
  lockoutCommand,
  breakerCommand,
]

/** Runs one command line (without the program's own name) and says how it ended. Never rejects: every error becomes a sentence on stderr. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await programOf(terminal).parseAsync(args, { from: 'user' })
    return exitCode.ok
  } catch (error) {
    return explain(error, terminal)
  }
}

function programOf(terminal: Terminal): Command {
  const program = new Command('ssp')
    .description('Spine Security Proxy: checks, audits and forwards synchronous FHIR calls between registered health systems.')
    .version(versionOf(terminal), '-V, --version', 'print the version')
    .addOption(configOption())
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.error })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  for (const command of commands) adopt(program, command(terminal))
  return program
}

/** Makes a command and those under it behave as the program does. */
function adopt(parent: Command, command: Command): void {
  command.copyInheritedSettings(parent)
  for (const inner of command.commands) inner.copyInheritedSettings(parent)
  parent.addCommand(command)
}

function explain(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage
  if (error instanceof CommandFailure) {
    if (error.message !== '') terminal.error(`${shown(error.message)}\n`)
    return error.exitCode
  }
  if (error instanceof ConfigRejected || error instanceof StartRefused) {
    terminal.error(`${shown(error.message)}\n`)
    return exitCode.configuration
  }
  terminal.error(`${shown(error instanceof Error ? error.message : String(error))}\n`)
  return exitCode.negative
}

/** A message, which may quote what somebody else wrote, line by line. */
function shown(message: string): string {
  return message.split('\n').map(printable).join('\n')
}

function versionOf({ packageDirectory }: Terminal): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as { version: string }
  return version
}
