import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import fc from 'fast-check'
import { accountsOf } from '../support/accounts.ts'
import { open } from '../support/consumer.ts'
import { bytesOf, edgeRequest, honestBytes } from '../support/edge-requests.ts'
import { type Held, heldWhenIdle, leaks } from '../support/held.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
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

const lanes = 12
/** A case that is not answered by then is one that the proxy waits for. */
const patienceMs = 60
/** Sends changed requests, and changed TLS, to a proxy in a process of its own whose provider is hostile too, until `enough` says so. */
export async function fuzzProxy(random: Random, enough: (cases: number) => boolean): Promise<ProxyFuzzing> {
  const provider = await startHostileProvider(random)
  const world = await startWorldProcess({
    collects: true,
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
    const { faults, ...counts } = await accountsOf(world)
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
