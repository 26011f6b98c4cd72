import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { open } from '../support/consumer.ts'
import { bytesOf, edgeRequest, honestBytes } from '../support/edge-requests.ts'
import { memoryOf, openFilesOf, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'
import { recordedExchanges, sumOf, unforeseen } from './accounts.ts'
import { startHostileProvider } from './hostile-provider.ts'
import { mutated, pick, type Random } from './mutations.ts'
import { httpWords } from './spine-parsers.ts'

/** What came of it. */
export interface ProxyFuzzing {
  readonly cases: number
  /** Exchanges that the proxy counted, and that its audit accounts for. */
  readonly exchanges: number
  readonly recorded: number
  readonly before: Held
  readonly after: Held
  /** One sentence each. */
  readonly faults: readonly string[]
}

/** What the proxy's process holds. */
export interface Held {
  readonly files: number
  readonly residentBytes: number
  readonly heapBytes: number
}

const lanes = 12
/** A case that is not answered by then is one that the proxy waits for. */
const patienceMs = 60
/** A connection to the provider that is still kept, a timer of the system. */
const mostFilesMore = 3
/** The engine gives memory back late: a leak of 10 kB a case is found within 30,000. */
const mostBytesMore = 300 * 1_048_576

/** Sends changed requests, and changed TLS, to a proxy in a process of its own whose provider is hostile too, until `enough` says so. */
export async function fuzzProxy(random: Random, enough: (cases: number) => boolean): Promise<ProxyFuzzing> {
  const provider = await startHostileProvider(random)
  const world = await startWorldProcess({
    providerPort: provider.port,
    settings: {
      checks: {
        method: { allowed: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] },
        throttle: { requestsPerSecond: 100_000, burst: 100_000 },
      },
      forwarding: { firstByteTimeoutSeconds: 2, silenceTimeoutSeconds: 2, idleConnectionSeconds: 1 },
      listener: { idleTimeoutSeconds: 1 },
    },
  })
  try {
    const hello = await clientHello()
    let cases = 0
    const send = async () => {
      while (!enough(cases)) {
        cases++
        await (random(16) === 0 ? sendPlain(world.proxy.dataPort, mutated(random, [hello], [hello])) : sendRequest(world, random))
      }
    }
    // What grows once, at the first calls, is no leak.
    const warm = Array.from({ length: lanes }, async () => {
      for (let i = 0; i < 20; i++) await sendRequest(world, random)
    })
    await Promise.all(warm)
    const before = await heldWhenIdle(world)
    await Promise.all(Array.from({ length: lanes }, send))
    const after = await heldWhenIdle(world)
    const { faults, ...counts } = await accounts(world)
    return { cases, before, after, ...counts, faults: [...faults, ...leaks(before, after)] }
  } finally {
    await world.close()
    await provider.close()
  }
}

async function sendRequest(world: WorldProcess, random: Random): Promise<void> {
  const trace = () => crypto.randomUUID()
  const honest = [honestBytes('GET', 'none', trace()), honestBytes('POST', 'length', trace()), honestBytes('DELETE', 'chunked', trace())]
  const edges = fc.sample(edgeRequest, { seed: random(2 ** 31), numRuns: 1 }).map((one) => bytesOf(one, trace))
  const bytes = random(3) === 0 ? pick(random, edges) : mutated(random, [...honest, ...edges], httpWords)
  // A few have no certificate.
  const socket = await open(world, random(20) === 0 ? null : world.certificates.consumer).catch(() => undefined)
  if (socket === undefined) return
  const cut = random(4) === 0 ? random(bytes.length + 1) : 0
  if (cut > 0) socket.write(bytes.subarray(0, cut))
  socket.write(bytes.subarray(cut))
  await answeredOrQuiet(socket, random(4) === 0 ? 1 + random(4) : patienceMs)
}

/** Until the proxy has said something or closed; then hangs up. */
async function answeredOrQuiet(socket: TLSSocket, withinMs: number): Promise<void> {
  const stop = new AbortController()
  socket.on('error', () => undefined)
  await Promise.race([
    once(socket, 'data', { signal: stop.signal }),
    once(socket, 'close', { signal: stop.signal }),
    pause(withinMs, undefined, { signal: stop.signal }),
  ]).catch(() => undefined)
  stop.abort()
  socket.destroy()
}

async function sendPlain(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(bytes)
  const timer = setTimeout(() => socket.destroy(), 20)
  socket.resume()
  await once(socket, 'close')
  clearTimeout(timer)
}

/** The first flight of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectTls({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername: 'localhost' })
  client.on('error', () => undefined)
  const [accepted] = await once(server, 'connection')
  const [bytes] = await once(accepted, 'data')
  client.destroy()
  server.close()
  return bytes as Buffer
}

/** What the process holds once it has nothing to do: no connection of ours is left, and idle ones to the provider are closed. */
async function heldWhenIdle(world: WorldProcess): Promise<Held> {
  await until('no exchange is under way', async () => sumOf((await world.page('/metrics')).body, 'ssp_exchanges_in_flight') === 0, {
    withinMs: 30_000,
    everyMs: 100,
  })
  let files = await openFilesOf(world.pid)
  // Closing takes its time limits; it is over when the number stands still.
  for (let still = 0; still < 10; ) {
    await pause(300)
    const now = await openFilesOf(world.pid)
    still = now < files ? 0 : still + 1
    files = Math.min(files, now)
  }
  const page = (await world.page('/metrics')).body
  return { files, residentBytes: (await memoryOf(world.pid)).now, heapBytes: sumOf(page, 'nodejs_heap_used_bytes') }
}

function leaks(before: Held, after: Held): readonly string[] {
  const files = after.files - before.files
  const bytes = after.residentBytes - before.residentBytes
  return [
    ...(files > mostFilesMore ? [`${files} files more are open than before`] : []),
    ...(bytes > mostBytesMore ? [`${bytes} bytes more are held in memory than before`] : []),
  ]
}

async function accounts(world: WorldProcess): Promise<Pick<ProxyFuzzing, 'exchanges' | 'recorded' | 'faults'>> {
  const faults: string[] = []
  const live = await world.page('/livez').catch((error: unknown) => ({ status: 0, body: String(error) }))
  if (live.status !== 200) faults.push(`/livez says ${live.status} ${live.body}`)
  const exchanges = sumOf((await world.page('/metrics')).body, 'ssp_exchanges_total')
  const recorded = await until('the audit accounts for every exchange', () => {
    const sum = recordedExchanges(world.audit())
    return sum >= exchanges && sum
  }).catch(() => recordedExchanges(world.audit()))
  if (recorded !== exchanges) faults.push(`${exchanges} exchanges ended, and the audit accounts for ${recorded}`)
  faults.push(...unforeseen(world.audit()).map((one) => `unforeseen: ${one}`))
  for (const line of world.log) {
    const level = line['level']
    if (level === 'error' || level === 'fatal') faults.push(`the log says ${JSON.stringify(line)}`)
  }
  return { exchanges, recorded, faults }
}
