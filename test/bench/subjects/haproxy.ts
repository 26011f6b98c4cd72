import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { patience, providerHost } from '../bench-tls.ts'
import type { BenchWorld } from '../bench-world.ts'

/** Writes settings of HAProxy as a plain mutual-TLS proxy: one thread, kept connections to the provider, nothing logged. */
export async function haproxyConfig(world: BenchWorld, port: number): Promise<string> {
  const path = join(world.directory, 'haproxy.cfg')
  const { providerConnections: most } = world
  await writeFile(
    path,
    `global
  nbthread 1
  maxconn ${Math.max(4096, 2 * most)}
defaults
  mode http
  timeout connect ${patience.connectSeconds}s
  timeout client ${patience.idleSeconds}s
  timeout server 60s
frontend consumers
  bind 127.0.0.1:${port} ssl crt ${world.file('server-all.pem')} ca-file ${world.file('trusted.pem')} verify required ssl-min-ver TLSv1.3
  http-request replace-uri ^/https://[^/]+(/.*)$ \\1
  http-request set-header Host ${providerHost}
  default_backend providers
backend providers
  http-reuse always
  server provider 127.0.0.1:${world.providerPort} maxconn ${most} pool-max-conn ${most} ssl crt ${world.file('client-all.pem')} ca-file ${world.file('trusted.pem')} verify required verifyhost ${providerHost} sni str(${providerHost}) ssl-min-ver TLSv1.3
`,
  )
  return path
}
