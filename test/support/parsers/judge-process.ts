import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { until } from '../until.ts'

/** A program that was started for a test, and the port on which it listens. */
export interface JudgeProcess {
  readonly port: number
  close(): Promise<void>
}

/** Starts a program that says its port on the first line of its output. */
export async function startSpeaking(program: string, args: readonly string[]): Promise<JudgeProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = keptErrors(child)
  const lines = createInterface({ input: child.stdout })
  const [first] = await Promise.race([once(lines, 'line'), once(child, 'close')])
  if (typeof first !== 'string') throw new Error(`${program} ended before it listened: ${said()}`)
  return { port: Number(first), close: () => ended(child) }
}

/** Starts a program that listens on a port it is told, and waits until it does. */
export async function startListening(program: string, args: readonly string[], port: number): Promise<JudgeProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = keptErrors(child)
  await until(`${program} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${program} ended before it listened: ${said()}`)
    return accepts(port)
  })
  return { port, close: () => ended(child) }
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function keptErrors(child: ChildProcess): () => string {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  return () => said
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
