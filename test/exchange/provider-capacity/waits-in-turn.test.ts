import type { ServerResponse } from 'node:http'
import { call, open, wireText } from '../../support/consumer.ts'
import {
  type ExpectedRefusal,
  entriesWith,
  everyRefusalRecorded,
  expectRefusedAnswer,
  refusedRecord,
} from '../../support/expect-refusal.ts'
import { smallBundle } from '../../support/fake-provider.ts'
import { world } from '../../support/start-world.ts'
import { metricOn, pageOf } from '../../support/start-world-process.ts'
import { startTwoProviders, type TwoProviders } from '../../support/two-providers.ts'
import { until } from '../../support/until.ts'

const migrate = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.migratestructuredrecord-1'
const booking = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
const migrating = { method: 'POST', interaction: migrate, url: `${world.root}/Patient/$gpc.migratestructuredrecord`, body: '{}' }
const book = { method: 'POST', interaction: booking, url: `${world.root}/Appointment`, body: '{}' }
const row15: ExpectedRefusal = {
  status: 503,
  rule: 'provider-capacity',
  origin: 'provider',
  code: 'PROVIDER_BUSY',
  issue: 'transient',
  text: 'PROVIDER_BUSY',
  closes: false,
}

let all: TwoProviders
/** What the provider holds, in the order in which it came. */
let held: { readonly path: string; readonly response: ServerResponse }[]
beforeAll(async () => {
  all = await startTwoProviders({
    ...everyRefusalRecorded,
    forwarding: { connectionsPerProvider: 2, capacity: { queueSeconds: 60, queueLength: 8, consumerShare: 1 } },
  })
})
beforeEach(() => {
  held = []
  all.here.provider.answer = (request, response) => {
    request.resume()
    held.push({ path: request.url ?? '', response })
  }
})
afterAll(() => all.close())

/** Answers the first that is held, and gives back its path. */
function answerOne(): string {
  const first = held.shift()
  first?.response.end(smallBundle)
  return first?.path ?? ''
}

const page = async ({ here } = all) => (await pageOf(here.proxy.opsPort, here, '/metrics')).body
const waiting = async (at = all) => metricOn(await page(at), 'ssp_provider_calls_waiting')
const waitFor = (count: number) => until(`${count} calls wait`, async () => (await waiting()) === count)

/** Fills both places with the stranger's calls. */
async function fill() {
  const underWay = [call(all.here, all.asStranger), call(all.here, all.asStranger)]
  await until('both places are taken', () => held.length === 2)
  return underWay
}

test('a call beyond the limit waits, is recorded and forwarded when its turn comes, and says how long it waited', async () => {
  const underWay = await fill()
  const records = all.here.audit().length
  const third = call(all.here)
  await waitFor(1)
  expect(all.here.audit()).toHaveLength(records)
  expect(held).toHaveLength(2)
  answerOne()
  await until('the third is at the provider', () => held.length === 2)
  answerOne()
  answerOne()
  const answer = await third
  expect(answer.status).toBe(200)
  expect(Number(/ssp-queue;dur=([0-9.]+)/.exec(String(answer.headers['server-timing']))?.[1])).toBeGreaterThan(1)
  expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200])
  expect((await entriesWith(all.here, answer.exchange, 'outcome')).map(({ type }) => type)).toEqual(['forwarding', 'outcome'])
})

test('a call that did not have to wait says nothing of a queue', async () => {
  all.here.provider.answer = (_request, response) => response.end(smallBundle)
  expect(String((await call(all.here)).headers['server-timing'])).not.toContain('ssp-queue')
})

test('a call that waits too long is refused rather than served too late, with a Retry-After, and is never forwarded', async () => {
  const own = await startTwoProviders({
    ...everyRefusalRecorded,
    forwarding: { connectionsPerProvider: 1, capacity: { queueSeconds: 0.4 } },
  })
  try {
    own.here.provider.answer = all.here.provider.answer
    const first = call(own.here)
    await until('the place is taken', () => held.length === 1)
    const answer = await call(own.here)
    expectRefusedAnswer(answer, row15)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect((await refusedRecord(own.here, answer)).phases['queue']).toBeGreaterThan(350)
    answerOne()
    expect((await first).status).toBe(200)
    expect(held).toHaveLength(0)
  } finally {
    await own.close()
  }
})

test('a waiting call whose consumer hangs up leaves the queue, is recorded as 499, and is never forwarded', async () => {
  const underWay = await fill()
  const socket = await open(all.here)
  socket.write(wireText())
  await waitFor(1)
  socket.destroy()
  await waitFor(0)
  const last = await until('it is recorded', () => {
    const entry = all.here.audit().at(-1)
    return entry?.type === 'refused' && entry
  })
  expect(last).toMatchObject({ status: 499, origin: 'consumer-network', rule: 'provider-capacity' })
  answerOne()
  answerOne()
  await Promise.all(underWay)
  expect(held).toHaveLength(0)
})

test('one that floods the queue fills half of it, and another consumer’s call is the next but one to be served', async () => {
  const underWay = await fill()
  const flood = Array.from({ length: 20 }, () => call(all.here, all.asStranger))
  await until('the flood is refused but for half of the queue', async () =>
    /^ssp_provider_refusals_total\{why="full"\} 16$/m.test(await page()),
  )
  expect(await waiting()).toBe(4)
  const mine = call(all.here, { url: `${world.root}/Patient?identifier=mine` })
  await waitFor(5)
  const order: string[] = []
  for (let nth = 0; nth < 7; nth++) {
    await until('the next is at the provider', () => held.length > 0)
    order.push(answerOne())
  }
  expect(order.findIndex((path) => path.endsWith('=mine'))).toBeLessThanOrEqual(3)
  expect((await mine).status).toBe(200)
  const statuses = (await Promise.all([...underWay, ...flood])).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(6)
  expect(statuses.filter((status) => status === 503)).toHaveLength(16)
})

test('a booking that waits is served before bulk reads that have waited longer', async () => {
  const underWay = await fill()
  const reads = [call(all.here, migrating), call(all.here, migrating)]
  await waitFor(2)
  const booked = call(all.here, book)
  await waitFor(3)
  answerOne()
  await until('the next is at the provider', () => held.length === 2)
  expect(held[1]?.path).toMatch(/Appointment$/)
  for (let left = 4; left > 0; left--) {
    await until('another is at the provider', () => held.length > 0)
    answerOne()
  }
  expect((await Promise.all([...underWay, ...reads, booked])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
})

test('calls to another provider do not notice', async () => {
  const underWay = await fill()
  const third = call(all.here)
  await waitFor(1)
  const answer = await call(all.here, all.toSecond)
  expect(answer.status).toBe(200)
  expect(String(answer.headers['server-timing'])).not.toContain('ssp-queue')
  for (let left = 3; left > 0; left--) {
    await until('another is at the provider', () => held.length > 0)
    answerOne()
  }
  await Promise.all([...underWay, third])
})

test('a place is free once the provider has sent all, however slowly the consumer reads', async () => {
  const large = Buffer.alloc(400_000, 32)
  all.here.provider.answer = (_request, response) => response.end(large)
  const slow = [await open(all.here), await open(all.here)]
  for (const socket of slow) {
    socket.pause()
    socket.on('error', () => undefined)
    socket.write(wireText())
  }
  await until(
    'both answers are complete',
    () => all.here.provider.connections.open > 0 && all.here.audit().filter((one) => one.type === 'outcome').length > 0,
  )
  all.here.provider.answer = (_request, response) => response.end(smallBundle)
  const answers = await Promise.all([call(all.here), call(all.here)])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  for (const socket of slow) socket.destroy()
})

test('calls that wait when the proxy stops are answered', async () => {
  const own = await startTwoProviders({
    listener: { drainSeconds: 0.3, host: '127.0.0.1', port: 0, certificate: 'server.pem', key: 'server.key', drainNoticeSeconds: 0 },
    forwarding: { connectionsPerProvider: 1, capacity: { queueSeconds: 30 } },
  })
  let came = 0
  own.here.provider.answer = () => {
    came++
  }
  const first = call(own.here)
  await until('the place is taken', () => came === 1)
  const second = call(own.here)
  const third = call(own.here, own.asStranger)
  await until('two calls wait', async () => (await waiting(own)) === 2)
  await own.close()
  const answers = await Promise.allSettled([first, second, third])
  expect(answers.map((one) => (one.status === 'fulfilled' ? one.value.status : String(one.reason)))).toEqual([503, 503, 503])
  expect(came).toBe(1)
})
