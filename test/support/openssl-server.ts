import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Issued } from './certificate-authority.ts'

/** Starts `openssl s_server` on a free port with this certificate; `ca` is whom it believes. */
export async function startOpensslServer(
  openssl: string,
  identity: Issued,
  options: readonly string[],
  ca: string,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 's-server-'))
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const certificate = await file('chain.pem', identity.chainPem)
  const child = spawn(
    openssl,
    [
      ...['s_server', '-accept', '127.0.0.1:0', '-cert', certificate, '-cert_chain', certificate],
      ...['-key', await file('key.pem', identity.keyPem), '-CAfile', await file('ca.pem', ca), ...options],
    ],
    { stdio: 'pipe' }, // at the end of its input it would close its connections
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const found = /ACCEPT \S*:(\d+)/.exec(said)?.[1]
      if (found !== undefined) resolve(Number(found))
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`openssl s_server ended: ${said}`)))
  })
  return {
    port,
    async close() {
      if (child.exitCode === null && child.kill('SIGKILL')) await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
