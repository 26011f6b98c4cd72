import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ControlAnswer, callControl, ProxyNotRunning } from '../ops/control-client.ts'
import { CommandFailure } from './command-failure.ts'
import { loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Asks the running proxy of these settings, over its control socket. Where none answers, or it may not be asked, the command ends with 69. */
export async function askProxy(
  command: Command,
  terminal: Terminal,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<ControlAnswer> {
  const { config, baseDir } = await loadConfigOf(command, terminal)
  const socket = resolve(baseDir, config.dataDirectory, config.operators.socket)
  try {
    return await callControl(socket, method, path, body)
  } catch (error) {
    throw new CommandFailure(exitCode.unavailable, whyNot(error, socket))
  }
}

/** Why an answer of the proxy is none that the command can use, in its own words. */
export function refusalText({ status, body }: ControlAnswer): string {
  const { detail, title } = (typeof body === 'object' && body !== null ? body : {}) as { detail?: unknown; title?: unknown }
  const said = [detail, title, body].find((text) => typeof text === 'string' && text.trim() !== '')
  return said === undefined ? `the proxy answered ${status}` : String(said).trim()
}

/** Why a proxy that is there did not answer. */
export function whyNot(error: unknown, socket: string): string {
  if (error instanceof ProxyNotRunning) return error.message
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EACCES' || code === 'EPERM')
    return `this user may not speak to the proxy behind ${socket}: run the command as the proxy's own user`
  return `the proxy behind ${socket} did not answer: ${error instanceof Error ? error.message : String(error)}`
}
