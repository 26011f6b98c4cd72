import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ConfigRejected } from '../app/config-rejected.ts'
import { controlSocketOf } from '../app/control-socket-of.ts'
import type { LoadedConfig } from '../app/load-config.ts'
import { type ControlAnswer, callControl, ProxyNotRunning } from '../ops/control-client.ts'
import { CommandFailure } from './command-failure.ts'
import { configPath, loadConfigOf } from './config-path.ts'
import { exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** Method, path and body of a call to a proxy. */
export type ProxyCall = readonly [method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown]

/** Where the proxy of some settings is reached. */
export interface ProxyPlace {
  readonly socket: string
  /** The settings; or why they cannot be used, where a proxy may run by an earlier form of them. */
  readonly settings: LoadedConfig | ConfigRejected
}

/** Finds the control socket by the settings that a command means, and says on stderr where they have problems otherwise. Rejects with `ConfigRejected` where they do not say where it is. */
export async function proxyPlaceOf(command: Command, terminal: Terminal): Promise<ProxyPlace> {
  try {
    const settings = await loadConfigOf(command, terminal)
    return { socket: resolve(settings.baseDir, settings.config.dataDirectory, settings.config.operators.socket), settings }
  } catch (error) {
    if (!(error instanceof ConfigRejected)) throw error
    const socket = await controlSocketOf(configPath(command, terminal), terminal.environment)
    if (socket === undefined) throw error
    return { socket, settings: error }
  }
}

/** One call to a proxy at its place. Rejects with `ProxyNotRunning`, with `ConfigRejected` where none runs and the settings could start none, and with `CommandFailure`, 69, where it may not be asked. */
export async function callProxy({ socket, settings }: ProxyPlace, ...call: ProxyCall): Promise<ControlAnswer> {
  try {
    return await callControl(socket, ...call)
  } catch (error) {
    if (!(error instanceof ProxyNotRunning)) throw new CommandFailure(exitCode.unavailable, whyNot(error, socket))
    throw settings instanceof ConfigRejected ? settings : error
  }
}

/** Asks the running proxy of these settings, over its control socket. Where none answers, or it may not be asked, the command ends with 69. */
export async function askProxy(command: Command, terminal: Terminal, ...call: ProxyCall): Promise<ControlAnswer> {
  const place = await proxyPlaceOf(command, terminal)
  try {
    const answer = await callProxy(place, ...call)
    if (place.settings instanceof ConfigRejected) terminal.error(askedAllTheSame)
    return answer
  } catch (error) {
    if (error instanceof ProxyNotRunning) throw new CommandFailure(exitCode.unavailable, error.message)
    throw error
  }
}

/** Said where the settings of a proxy that runs have problems. */
export const askedAllTheSame = 'The settings have problems (ssp check-config tells them); the proxy that runs was asked all the same.\n'

/** The failure that an answer of the proxy is: 64 where what was asked for is none it can do, else 1. */
export function failureOf(answer: ControlAnswer): CommandFailure {
  return new CommandFailure(answer.status === 400 ? exitCode.usage : exitCode.negative, refusalText(answer))
}

/** Why an answer of the proxy is none that the command can use, in its own words. */
export function refusalText({ status, body }: ControlAnswer): string {
  const { detail, title } = (typeof body === 'object' && body !== null ? body : {}) as { detail?: unknown; title?: unknown }
  const said = [detail, title, body].find((text) => typeof text === 'string' && text.trim() !== '')
  return said === undefined ? `the proxy answered ${status}` : String(said).trim()
}

/** Why a proxy that is there did not answer. */
function whyNot(error: unknown, socket: string): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EACCES' || code === 'EPERM')
    return `this user may not speak to the proxy behind ${socket}: run the command as the proxy's own user`
  return `the proxy behind ${socket} did not answer: ${error instanceof Error ? error.message : String(error)}`
}
