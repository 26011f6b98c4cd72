import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDemoProvider } from './demo-provider.ts'

const usage = `node demo/provider/main.ts [--port 8445] [--host 127.0.0.1] [--certs certs-dev] [--accept proxy.dev.spine2.ncrs.nhs.uk]

Starts the demo provider alone, until Ctrl-C. The folder of certificates holds provider.pem, provider.key and ca.pem;
the first start of the demo (npm start) makes it.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8445' },
      host: { type: 'string', default: '127.0.0.1' },
      certs: { type: 'string', default: 'certs-dev' },
      accept: { type: 'string', default: 'proxy.dev.spine2.ncrs.nhs.uk' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return
  }
  const file = (name: string) => readFileSync(join(values.certs, name))
  const provider = await startDemoProvider({
    port: Number(values.port),
    host: values.host,
    certs: { cert: file('provider.pem'), key: file('provider.key'), ca: file('ca.pem') },
    acceptFqdn: values.accept,
    log: (line) => process.stdout.write(`${line}\n`),
  })
  process.stdout.write(`The demo provider listens on ${values.host}:${provider.port} and answers ${values.accept} alone. Ctrl-C ends it.\n`)
  const end = () => void provider.close().then(() => process.exit(0))
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`demo provider: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 78
}
