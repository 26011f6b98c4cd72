import { chmod, lstat, mkdir, stat, unlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { type OpsRequests, opsApp } from './ops-app.ts'
import type { OpsParts } from './ops-parts.ts'
import { answerUnreadable, closeWithin } from './ops-port.ts'

/** The control socket cannot be opened, and why; above all because another process answers on it. */
export class ControlSocketRefused extends Error {
  override readonly name = 'ControlSocketRefused'
}

/** What a `sockaddr_un` holds on Linux (108) and macOS (104), less the final NUL: of the two, the smaller. */
const longestPath = 103

/** The name the control client gives in Host: no browser can reach the socket, and no page's request can pretend to. */
const hosts = new Set(['localhost'])

/**
 * The operators' routes on a Unix socket, for the CLI. Only this user (and root) can open it, by the modes of the file (0600) and its
 * directory (0700), so whoever comes in is `socket:<uid>` with the role `operator`. A socket that a dead process left is replaced.
 * Rejects with `ControlSocketRefused`. Take the data directory's lock first: two starts at once are told apart by that alone.
 */
export async function openControlSocket(parts: OpsParts, path: string, requests: OpsRequests): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > longestPath)
    throw new ControlSocketRefused(`${path}: a socket's path has at most ${longestPath} bytes; choose a shorter one.`)
  await checkDirectory(dirname(path))
  await removeStale(path)
  const actor = `socket:${process.getuid?.() ?? 'unknown'}`
  const app = opsApp(parts, { name: 'socket', allowedHosts: () => hosts, operatorOf: () => ({ actor, role: 'operator' }) }, requests)
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 1_000, maxHeaderSize: 16_384 }, app)
  server.maxConnections = 64
  server.setTimeout(120_000)
  answerUnreadable(server)
  await listening(server, path)
  await chmod(path, 0o600)
  return { close: () => closeWithin(server, 2_000) }
}

async function checkDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { mode, uid } = await stat(directory)
  if ((mode & 0o077) !== 0)
    throw new ControlSocketRefused(`${directory}: others can enter the control socket's directory; run chmod 700 on it.`)
  if (process.getuid !== undefined && uid !== process.getuid()) throw new ControlSocketRefused(`${directory}: it belongs to another user.`)
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return
  if (!found.isSocket()) throw new ControlSocketRefused(`${path}: there is something here that is no socket; move it away.`)
  if (await answers(path)) throw new ControlSocketRefused(`${path}: another proxy is running with this data directory; stop it first.`)
  await unlink(path)
}

/** Nothing but a refused connection proves that its process is gone. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new ControlSocketRefused(`${path}: cannot listen: ${error.message}.`)))
    server.listen(path, resolve)
  })
}
