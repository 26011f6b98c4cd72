import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { certificates } from './start-world.ts'
import { until } from './until.ts'

/** An nginx that serves files as a provider, over mutual TLS. */
export interface NginxProvider {
  readonly port: number
  /** The folder of its files: `/T99999/STU3/1/…` lies in `T99999/STU3/1/…`. What is PUT there lands there. */
  readonly files: string
  close(): Promise<void>
}

/**
 * Starts nginx on a port that was free a moment ago. A file `Patient/length` comes with Content-Length, `Patient/chunks` in chunks; both come
 * compressed where that is accepted, the first from `Patient/length.gz`.
 */
export async function startNginx(nginx: string): Promise<NginxProvider> {
  const { provider, authority, intermediate } = await certificates()
  const folder = await mkdtemp(join(tmpdir(), 'ssp-nginx-'))
  const files = join(folder, 'files')
  await mkdir(files)
  const port = await freePort()
  await Promise.all([
    writeFile(join(folder, 'provider.pem'), provider.chainPem),
    writeFile(join(folder, 'provider.key'), provider.keyPem, { mode: 0o600 }),
    writeFile(join(folder, 'ca.pem'), authority.certificatePem + intermediate.certificatePem),
    writeFile(join(folder, 'nginx.conf'), configuration(folder, port)),
  ])
  const child = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'close')
  const complaint = text(child.stderr)
  const failed = ended.then(async () => Promise.reject(new Error(`nginx has ended: ${await complaint}`)))
  failed.catch(() => undefined)
  await Promise.race([failed, until('nginx takes connections', () => answers(port))])
  return {
    port,
    files,
    async close() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')
  // As root, nginx would change to somebody who may not read the files.
  const user = process.getuid?.() === 0 ? 'user root root;\n' : ''
  return `${user}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
${temporary}
  types { }
  default_type application/fhir+json;
  gzip_proxied any;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/provider.pem;
    ssl_certificate_key ${folder}/provider.key;
    ssl_client_certificate ${folder}/ca.pem;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_protocols TLSv1.2 TLSv1.3;
    root ${folder}/files;
    if ($ssl_client_s_dn !~ "CN=proxy\\.dev\\.spine2\\.ncrs\\.nhs\\.uk") { return 403; }
    location ~ /Patient/length$ { gzip_static on; }
    location ~ /Patient/chunks$ { gzip on; gzip_types *; sub_filter_types *; sub_filter "nowhere in any record" ""; }
    location ~ /Appointment/ { dav_methods PUT; create_full_put_path on; }
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
