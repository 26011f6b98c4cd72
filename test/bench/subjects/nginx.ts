import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { patience, providerHost } from '../bench-tls.ts'
import type { BenchWorld } from '../bench-world.ts'

/** More requests than any run makes over one connection. */
const unreached = 100_000_000

/** What one worker may have open: a consumer's connection, one to the provider and one to the decision service, and room for new ones. */
const workerConnections = (world: BenchWorld): number => Math.max(4096, 4 * world.providerConnections)

/** How the decision service is asked: the caller's headers, the certificate's name and the target; never the body. */
const decisionLocation = `    location = /decision {
      internal;
      proxy_pass http://decisions/;
      proxy_http_version 1.1;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_set_header X-Client-Name $ssl_client_s_dn;
      proxy_set_header X-Target $request_uri;
    }`

/**
 * Writes settings of nginx as a plain mutual-TLS proxy: one worker, kept connections to the provider, nothing logged. With the Unix socket of a
 * decision service, each call is asked of it first (auth_request).
 */
export async function nginxConfig(world: BenchWorld, port: number, decisions?: string): Promise<string> {
  const asked = decisions !== undefined
  const folder = join(world.directory, asked ? 'nginx-deciding' : 'nginx')
  await mkdir(folder)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`)
  const path = join(folder, 'nginx.conf')
  await writeFile(
    path,
    `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${join(folder, 'nginx.pid')};
error_log stderr error;
events { worker_connections ${workerConnections(world)}; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_timeout ${patience.idleSeconds}s;
  keepalive_requests ${unreached};
  map $request_uri $provider_path { "~^/https://[^/]+(?<path_and_query>/.*)$" $path_and_query; }
  upstream provider {
    server 127.0.0.1:${world.providerPort};
    keepalive ${world.providerConnections};
    keepalive_requests ${unreached};
  }
  server {
    listen 127.0.0.1:${port} ssl backlog=1024;
    ssl_protocols TLSv1.3;
    ssl_certificate ${world.file('server.pem')};
    ssl_certificate_key ${world.file('server.key')};
    ssl_client_certificate ${world.file('trusted.pem')};
    ssl_verify_client on;
    ssl_verify_depth 3;
    location / {
      ${asked ? 'auth_request /decision;' : ''}
      proxy_pass https://provider$provider_path;
      proxy_http_version 1.1;
      proxy_connect_timeout ${patience.connectSeconds}s;
      proxy_set_header Host ${providerHost};
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_certificate ${world.file('client.pem')};
      proxy_ssl_certificate_key ${world.file('client.key')};
      proxy_ssl_trusted_certificate ${world.file('trusted.pem')};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_server_name on;
      proxy_ssl_name ${providerHost};
    }
${asked ? decisionLocation : ''}
  }
${asked ? `  upstream decisions {\n    server unix:${decisions};\n    keepalive ${world.providerConnections};\n  }` : ''}
}
`,
  )
  return path
}
