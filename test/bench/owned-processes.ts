import { type ChildProcess, fork, type StdioOptions, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type SecureContext } from 'node:tls'

/** A program to be run, and the port on which it will listen. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly port: number
}

/** A running program. */
export interface OwnedProcess {
  readonly pid: number
  readonly port: number
  /** What it last said on stderr. */
  said(): string
}

const owned = new Set<ChildProcess>()
const stdio: StdioOptions = ['ignore', 'ignore', 'pipe']
const startLimitMs = 30_000
const stopLimitMs = 10_000
const noteLimit = 4_000

// Each program leads a group of its own, so that its children go with it, whichever way this process ends.
process.on('exit', () => {
  for (const child of owned) signalGroup(child, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

/** Runs a program and resolves once its port does a TLS handshake with this context. Rejects, with what it said, where it ends before. */
export async function startProcess(name: string, { program, args, port }: Command, secureContext: SecureContext): Promise<OwnedProcess> {
  const child = spawn(program, args, { stdio, detached: true, env: cleanEnvironment() })
  const said = keep(child)
  const deadline = Date.now() + startLimitMs
  while (!(await accepts(port, secureContext))) {
    if (!owned.has(child)) throw new Error(`${name} did not start: ${said()}`)
    if (Date.now() > deadline) throw new Error(`${name} did not listen within ${startLimitMs / 1000} s: ${said()}`)
    await pause(20)
  }
  return { pid: child.pid as number, port, said }
}

/** Runs a module of the benchmark that is spoken to by messages. */
export function forkModule(module: URL, args: readonly string[] = []): ChildProcess {
  const child = fork(module, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true, env: cleanEnvironment() })
  keep(child)
  return child
}

/** Ends every program, politely first, so that profiles are written; returns when all have gone. */
export async function stopProcesses(): Promise<void> {
  await Promise.all(
    [...owned].map(async (child) => {
      const gone = once(child, 'exit')
      signalGroup(child, 'SIGTERM')
      const killer = setTimeout(() => signalGroup(child, 'SIGKILL'), stopLimitMs)
      await gone
      clearTimeout(killer)
    }),
  )
}

/**
 * A port of loopback that nobody listens on, below those that systems give to outgoing connections: there one that is tried before anybody
 * listens may be connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Remembers a child until it has gone, and gives what it last said on stderr. */
function keep(child: ChildProcess): () => string {
  let said = ''
  owned.add(child)
  child.once('exit', (code, signal) => {
    owned.delete(child)
    said += `(it ended: ${signal ?? code})`
  })
  child.once('error', (error) => {
    owned.delete(child)
    said += error.message
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-noteLimit)
  })
  return () => said
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The whole group has gone already.
  }
}

async function accepts(port: number, secureContext: SecureContext): Promise<boolean> {
  // Who it is that answers is verified by those that ask for something.
  const socket = connect({ host: '127.0.0.1', port, secureContext, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    // An orderly end, so that the other side has seen the whole handshake.
    await once(socket.end().resume(), 'close')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Nothing from outside may change how a subject runs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SSP_') && name !== 'NODE_OPTIONS'))
}
