import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join, relative, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ensureDevelopmentCertificates } from '../certs-dev/development-certificates.ts'
import { startProxy } from '../src/app/serve.ts'
import { type DemoTokenProfile, tokenClaims, unsignedToken } from '../src/cli/token-claims.ts'
import { findInteraction } from '../src/spine/interaction-id.ts'
import { asExpected, callReport } from './call-report.ts'
import { type ConsumerReply, callAsConsumer } from './consumer-call.ts'
import { type DemoCall, demoCalls, world } from './demo-calls.ts'
import { type DemoPorts, explainFailure } from './demo-failure.ts'
import { demoSettings } from './demo-settings.ts'
import { nextSteps } from './next-steps.ts'
import { picture } from './picture.ts'
import { startDemoProvider } from './provider/demo-provider.ts'
import { stopOnSignals, stopWithNpm } from './stopping.ts'
import { styleFor } from './style.ts'

const root = resolve(import.meta.dirname, '..')
const certificates = join(root, 'certs-dev')
const configFile = join(root, 'config', 'dev.yaml')
const style = styleFor(process.stdout, process.env)
/** `--once`: make the calls, say whether all went as they must, and end. */
const runOnce = process.argv.includes('--once')

const say = (text: string) => process.stdout.write(`${text}\n`)
const pem = (name: string) => readFile(join(certificates, name))

async function main(stop: AbortSignal): Promise<number> {
  let ports: DemoPorts = { data: 0, operators: 0, provider: 0 }
  const running: { close(): Promise<void> }[] = []
  try {
    const settings = await demoSettings(configFile, process.env)
    ports = settings.ports
    say(
      `\n  ${style.bold('Spine Security Proxy')}  demonstration: invented patients, certificates of its own, nothing leaves this machine\n`,
    )
    const { made } = await ensureDevelopmentCertificates(certificates)
    if (made) say(`  Made development certificates in ${fromHere(certificates)} (once; a week before they end, new ones).`)

    const provider = await startDemoProvider({
      port: ports.provider,
      certs: { cert: await pem('provider.pem'), key: await pem('provider.key'), ca: await pem('ca.pem') },
      acceptFqdn: world.proxy.name,
    })
    running.push(provider)
    const proxy = await startProxy(configFile, settings.environment)
    running.push(proxy)
    await untilReady(proxy.opsPort, stop)
    say(`${picture({ data: proxy.dataPort, provider: provider.port }, style)}\n`)

    let allAsExpected = true
    for (const call of demoCalls) {
      const reply = await make(call, proxy.dataPort)
      say(callReport(call, reply, style))
      allAsExpected &&= asExpected(call, reply)
    }
    if (runOnce) return allAsExpected ? 0 : 1
    say(nextSteps({ dataPort: proxy.dataPort, opsPort: proxy.opsPort, certificates: fromHere(certificates), traceId: randomUUID() }, style))
    say(`${style.bold('Running.')} Ctrl-C ends it.`)
    if (!stop.aborted) await once(stop, 'abort')
    say('\nEnding: running calls may finish …')
    return 0
  } catch (error) {
    if (stop.aborted) return 0
    const { message, exitCode } = explainFailure(error, ports)
    process.stderr.write(`${message}\n`)
    return exitCode
  } finally {
    for (const part of running.reverse()) await part.close()
  }
}

function fromHere(path: string): string {
  return relative(process.cwd(), path) || '.'
}

/** Asks the operators' port until it says that calls will be served. Rejects after ten seconds. */
async function untilReady(opsPort: number, stop: AbortSignal): Promise<void> {
  const ca = await pem('ca.pem')
  const last = performance.now() + 10_000
  for (;;) {
    const asked = request({ host: 'localhost', port: opsPort, path: '/readyz', ca, agent: false }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    if (answer.statusCode === 200) return
    if (performance.now() > last)
      throw new Error(`the proxy is not ready after ten seconds: https://localhost:${opsPort}/readyz?verbose says why`)
    await wait(100, undefined, { signal: stop })
  }
}

async function make(call: DemoCall, dataPort: number): Promise<ConsumerReply> {
  const target = `${world.provider.serviceRoot}${call.path}`
  return await callAsConsumer({
    port: dataPort,
    ca: await pem('ca.pem'),
    client: { cert: await pem(`${call.certificate}.pem`), key: await pem(`${call.certificate}.key`) },
    method: call.method,
    target,
    headers: {
      'Ssp-TraceID': randomUUID(),
      'Ssp-From': world.consumer.asid,
      'Ssp-To': world.provider.asid,
      'Ssp-InteractionID': call.interaction,
      Authorization: `Bearer ${tokenFor(call)}`,
      Accept: 'application/fhir+json',
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/fhir+json;charset=utf-8' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  })
}

function tokenFor({ interaction }: DemoCall): string {
  const known = findInteraction(interaction)
  const profile: DemoTokenProfile = known?.profile ?? 'stu3'
  return unsignedToken(
    tokenClaims({
      profile,
      consumer: { ...world.consumer, partyKey: 'T77777-7777777', interactions: new Set() },
      endpointUrl: world.provider.serviceRoot,
      scope: known?.scope ?? 'patient/*.read',
      issuedAt: Math.floor(Date.now() / 1000),
    }),
  )
}

const stopping = new AbortController()
stopOnSignals(stopping)
stopWithNpm(stopping)
process.exitCode = await main(stopping.signal)
