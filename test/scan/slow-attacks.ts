import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from '../support/consumer.ts'
import { world } from '../support/start-world.ts'
import { forgetPeak, memoryOf, metricOn, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'
import { startConsumerRelay } from './consumer-relay.ts'
import { startScanTarget } from './scan-target.ts'

/** One run of slowhttptest. */
interface Attack {
  readonly name: string
  readonly options: readonly string[]
  readonly path: string
  /** The interaction of the honest headers, and with it the consumer's certificate, that a relay adds to what the program sends; absent for neither. */
  readonly as?: string
  /** Connections are held until a timer ends them; else they are refused as they come. */
  readonly holds: boolean
}

const connections = 100
/** How patient the proxy is told to be. */
const patienceSeconds = 5
/** By then every slow connection must have been ended. */
const longestSeconds = 45
const answerChunk = Buffer.alloc(65_536, 32)
const answerChunks = 500
/** An honest call is answered within this, whatever else the machine does. */
const honestMs = 10_000
/** For all connections together, and the honest calls. */
const mostGrowth = 150 * 1_048_576
/** The honest consumer's, and the probe's. */
const usualConnections = 4
const honestMark = 'x-honest'

const booking = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
const fhir = 'application/fhir+json'
const slowBody = ['-B', '-i', '1', '-s', '100000', '-x', '16', '-f', fhir, '-m', fhir]
const slowRead = ['-X', '-n', '5', '-w', '512', '-y', '1024', '-z', '16', '-k', '1', '-m', fhir]
const appointment = `/${world.root}/Appointment`

const attacks: readonly Attack[] = [
  { name: 'slow headers without a certificate', options: ['-H', '-i', '2', '-x', '16'], path: '/', holds: true },
  { name: 'slow body without a certificate', options: slowBody, path: appointment, holds: false },
  { name: 'slow body of a consumer', options: slowBody, path: appointment, as: booking, holds: true },
  { name: 'slow read of a consumer', options: slowRead, path: `/${world.root}/Patient?identifier=x`, as: world.searchPatient, holds: true },
]

/** Runs slowhttptest in each of its ways, while an honest consumer goes on calling. Gives what was wrong, as sentences. */
export async function slowAttacks(program: string, say: (line: string) => void): Promise<readonly string[]> {
  const pace = { minimumBytesPerSecond: 1000, minimumRateAfterSeconds: patienceSeconds }
  const listener = { headersTimeoutSeconds: patienceSeconds, bodySilenceSeconds: patienceSeconds, unreadAnswerSeconds: patienceSeconds }
  // Who may have how much of a provider is another matter.
  const target = await startScanTarget('spine', {
    listener: { ...pace, ...listener },
    forwarding: { ...pace, connectionsPerProvider: 1000, capacity: { mode: 'observe' } },
  })
  target.world.provider.answer = async (request, response) => {
    const small = isHonest(request.headers)
    request.resume()
    if (!request.complete) await once(request, 'end')
    response.writeHead(200, { 'Content-Type': fhir })
    if (small) response.end('{}')
    else await pipeline(Readable.from(Array.from({ length: answerChunks }, () => answerChunk)), response).catch(() => undefined)
  }
  try {
    const faults: string[] = []
    for (const attack of attacks) faults.push(...(await attackOnce(program, target.world, attack, say)))
    return faults
  } finally {
    await target.close()
  }
}

async function attackOnce(program: string, here: WorldProcess, attack: Attack, say: (line: string) => void): Promise<readonly string[]> {
  const relay = attack.as === undefined ? undefined : await startConsumerRelay(here.proxy.dataPort, here.certificates, attack.as)
  const url = relay === undefined ? `https://localhost:${here.proxy.dataPort}` : `http://127.0.0.1:${relay.port}`
  await forgetPeak(here.pid)
  const before = (await memoryOf(here.pid)).now
  const refusedBefore = await refusedCalls(here)
  const over = new AbortController()
  const honest = honestCalls(here, over.signal)
  const fixed = ['-c', String(connections), '-r', '50', '-l', String(longestSeconds), '-p', '5', '-u', `${url}${attack.path}`]
  const from = performance.now()
  const child = spawn(program, [...attack.options, ...fixed], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const closed = once(child, 'close').then(() => true as const)
  let most = 0
  let last = Number.NaN
  const look = async (): Promise<boolean> => {
    last = metricOn((await here.page('/metrics')).body, 'ssp_consumer_connections')
    most = Math.max(most, last)
    return last <= usualConnections && (!attack.holds || most >= connections)
  }
  // Until the proxy has ended all of them, which the program may not have noticed behind a relay, or the program gives up.
  while (!(await Promise.race([closed, pause(250, false)]))) if (attack.holds && (await look())) child.kill('SIGINT')
  await until('the last connections have ended', look).catch(() => undefined)
  const seconds = (performance.now() - from) / 1000
  over.abort()
  const { calls, slowest, failed } = await honest
  relay?.close()
  const growth = (await memoryOf(here.pid)).peak - before
  const refused = (await refusedCalls(here)) - refusedBefore
  say(
    `slowhttptest, ${attack.name}: at most ${most} connections, ${refused} refused, ${last} after ${seconds.toFixed(0)} s; ${calls} honest calls meanwhile, ${failed.length} failed, the slowest took ${slowest.toFixed(0)} ms; memory +${(growth / 1_048_576).toFixed(0)} MB`,
  )
  return [
    ...(!attack.holds || most >= connections ? [] : [`only ${most} of ${connections} connections came about:\n${(await said).join('\n')}`]),
    ...(attack.holds || refused >= connections ? [] : [`only ${refused} of ${connections} were refused:\n${(await said).join('\n')}`]),
    ...(last <= usualConnections ? [] : [`${last} connections were still there after ${seconds.toFixed(0)} s`]),
    ...(calls > 0 && failed.length === 0 ? [] : [`${failed.length} of ${calls} honest calls failed: ${failed.slice(0, 3).join('; ')}`]),
    ...(slowest <= honestMs ? [] : [`an honest call took ${slowest.toFixed(0)} ms`]),
    ...(growth <= mostGrowth ? [] : [`memory grew by ${growth} bytes`]),
  ].map((fault) => `slowhttptest, ${attack.name}: ${fault}`)
}

/** Calls that were refused since the start. */
async function refusedCalls(here: WorldProcess): Promise<number> {
  const { body } = await here.page('/metrics')
  return [...body.matchAll(/^ssp_exchanges_total\{end="refused",.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}

function isHonest(headers: IncomingHttpHeaders): boolean {
  return headers[honestMark] !== undefined
}

/** A consumer calls some times a second, each time on a new connection. */
async function honestCalls(here: WorldProcess, over: AbortSignal) {
  const failed: string[] = []
  let calls = 0
  let slowest = 0
  while (!over.aborted) {
    const from = performance.now()
    const status = await call(here, { headers: { [honestMark]: '1' } }).then(
      (answer) => String(answer.status),
      (error: Error) => error.message,
    )
    if (status !== '200') failed.push(status)
    slowest = Math.max(slowest, performance.now() - from)
    calls++
    await pause(200)
  }
  return { calls, slowest, failed }
}
