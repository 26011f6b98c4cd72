import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCertificate } from '../../src/pki/certificate.ts'
import { fetchBytes } from '../../src/pki/fetch-bytes.ts'
import { encodeOcspRequest } from '../../src/pki/ocsp-request.ts'
import type { Authority, Issued } from './certificate-authority.ts'

/** A running `openssl ocsp`. */
export interface OcspResponder {
  readonly url: string
  /** What it answers about these certificates from now on; about all others: unknown. */
  know(good: readonly Issued[], revoked?: readonly Issued[]): Promise<void>
  close(): Promise<void>
}

/** Starts OpenSSL's responder for one authority on a free port; `signer` signs its answers, the authority itself where there is none. */
export async function startOcspResponder(
  openssl: string,
  authority: Authority,
  { signer = authority, options = [] }: { readonly signer?: Issued; readonly options?: readonly string[] } = {},
): Promise<OcspResponder> {
  const folder = await mkdtemp(join(tmpdir(), 'ocsp-'))
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const index = await file('index.txt', '')
  const child = spawn(
    openssl,
    [
      ...['ocsp', '-port', '0', '-index', index, '-CA', await file('ca.pem', authority.certificatePem)],
      ...['-rsigner', await file('signer.pem', signer.certificatePem), '-rkey', await file('signer.key', signer.keyPem), ...options],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const port = await portOf(child)
  let edition = 1_000_000_000
  return {
    url: `http://127.0.0.1:${port}/`,
    async know(good, revoked = []) {
      const lines = [...good.map((one) => `V\t351231235959Z\t\t${one.serial}\tunknown\t/CN=${one.serial}\n`), ...revoked.map(revokedLine)]
      // The responder tells a change by the seconds of the file's times.
      const next = await file('index.next', lines.join(''))
      await utimes(next, ++edition, edition)
      await rename(next, index)
      // It looks before it waits for the next request, so one request has to be spent.
      await fetchBytes({
        ...{ url: `http://127.0.0.1:${port}/`, method: 'POST', headers: { 'Content-Type': 'application/ocsp-request' } },
        body: encodeOcspRequest({ issuer: readCertificate(authority.certificate), serial: '01' }, Buffer.alloc(32)),
        ...{ maxBytes: 65_536, timeoutMs: 5_000, mayNotDial: () => undefined, anchors: [] },
      })
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.kill('SIGKILL')) await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function revokedLine({ serial }: Issued): string {
  return `R\t351231235959Z\t260101000000Z\t${serial}\tunknown\t/CN=${serial}\n`
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      const port = /ACCEPT \S*:(\d+)/.exec(said)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', () => reject(new Error(`openssl ocsp ended: ${said}`)))
    child.once('error', reject)
  })
}
