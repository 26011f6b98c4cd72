// httpxy, the maintained successor of http-proxy, as its manual has it, with the connections to the provider kept. Arguments as in pass-through.ts.
import { Agent, createServer } from 'node:https'
import { createProxyServer } from 'httpxy'
import { providerHost } from '../bench-tls.ts'
import { passThrough, providerPath } from './pass-through.ts'

const settings = passThrough()
const proxy = createProxyServer({
  target: `https://127.0.0.1:${settings.providerPort}`,
  agent: new Agent({ ...settings.client, keepAlive: true, maxSockets: settings.providerConnections }),
  secure: true,
  headers: { host: providerHost },
})

createServer(settings.server, (request, response) => {
  const path = providerPath(request.url ?? '')
  if (path === undefined) {
    response.writeHead(404).end()
    return
  }
  request.url = path
  proxy.web(request, response).catch(() => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502).end()
  })
}).listen(settings.port, '127.0.0.1')
