import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { call, open, wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded, expectRefusedAnswer } from '../../support/expect-refusal.ts'
import { smallBundle } from '../../support/fake-provider.ts'
import { world } from '../../support/start-world.ts'
import { startTwoProviders, type TwoProviders } from '../../support/two-providers.ts'
import { until } from '../../support/until.ts'

const [openSeconds, probeSeconds] = [1, 1]
const unavailable = {
  status: 503,
  rule: 'provider-capacity',
  origin: 'provider',
  code: 'PROVIDER_UNAVAILABLE',
  issue: 'transient',
  text: 'PROVIDER_UNAVAILABLE',
  closes: false,
}
const fine = (_request: unknown, response: ServerResponse) => response.end(smallBundle)

let all: TwoProviders
beforeEach(async () => {
  all = await startTwoProviders({
    ...everyRefusalRecorded,
    forwarding: {
      firstByteTimeoutSeconds: 0.5,
      firstByteTimeouts: [{ interaction: world.unknownForm, seconds: 60 }],
      capacity: { queueSeconds: 1, noiseMilliseconds: 5, windowSeconds: 0.2, initialLimit: 8, minimumLimit: 2 },
      breaker: { minimumCalls: 6, openSeconds, probeSeconds, probes: 2, windowSeconds: 5 },
    },
  })
})
afterEach(() => all.close())

/** Calls, both consumers in turn, until one is refused for the circuit; gives that refusal. */
async function untilOpen() {
  for (let turn = 0; turn < 40; turn++) {
    const answers = await Promise.all([call(all.here), call(all.here, all.asStranger), call(all.here), call(all.here, all.asStranger)])
    const refused = answers.find(({ body }) => body.includes('PROVIDER_UNAVAILABLE'))
    if (refused !== undefined) return refused
  }
  throw new Error('the circuit did not open')
}

/** Calls again and again until two have been served in a row; gives the monotonic ms of that. */
async function recovered(): Promise<number> {
  let good = 0
  await until(
    'calls are served again',
    async () => {
      good = (await call(all.here)).status === 200 ? good + 1 : 0
      return good === 2
    },
    { withinMs: 60_000, everyMs: 20 },
  )
  return performance.now()
}

/** Goes on calling the other provider until told to stop; gives how long each call took, and the statuses. */
function otherCalls() {
  let going = true
  const took: number[] = []
  const statuses = new Set<number>()
  const run = (async () => {
    while (going) {
      const began = performance.now()
      statuses.add((await call(all.here, all.toSecond)).status)
      took.push(performance.now() - began)
      await pause(20)
    }
  })()
  return {
    async stop() {
      going = false
      await run
      return { took, statuses }
    },
  }
}

test('answers 503: it is left alone for as long as it asks, others do not notice, and its recovery is noticed within two probe periods', async () => {
  let asked = 0
  let busy = true
  all.here.provider.answer = (_request, response) => {
    asked++
    if (!busy) return response.end(smallBundle)
    response.writeHead(503, { 'Retry-After': '2' })
    return response.end()
  }
  const others = otherCalls()
  const refused = await untilOpen()
  const openedAt = performance.now()
  expectRefusedAnswer(refused, unavailable)
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1)
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(2)
  busy = false
  const before = asked
  await until('half of its time is over', () => performance.now() > openedAt + 1000)
  for (let nth = 0; nth < 3; nth++) expect((await call(all.here)).status).toBe(503)
  expect(asked).toBe(before)
  expect((await recovered()) - openedAt).toBeLessThan(2000 + 2 * probeSeconds * 1000)
  const { statuses } = await others.stop()
  expect(statuses).toEqual(new Set([200]))
})

test('hangs: once the circuit is open calls are refused at once, and a provider that comes back is noticed although probes hung', async () => {
  let hangs = true
  all.here.provider.answer = (request, response) => (hangs ? undefined : fine(request, response))
  await untilOpen()
  const began = performance.now()
  expectRefusedAnswer(await call(all.here), unavailable)
  expect(performance.now() - began).toBeLessThan(450)
  // It hangs through the first probes, so that it opens again, for twice as long.
  await until('probes have hung', async () => (await call(all.here)).status === 504)
  hangs = false
  const back = performance.now()
  expect((await recovered()) - back).toBeLessThan((2 * openSeconds + 2 * probeSeconds) * 1000)
})

test('hangs: calls that may still hang for long once it has recovered keep nobody from it', async () => {
  let hangs = true
  let asked = 0
  let answered = 0
  all.here.provider.answer = (request, response) => {
    asked++
    if (!hangs) fine(request, response)
  }
  const sockets = await Promise.all(Array.from({ length: 3 }, () => open(all.here)))
  for (const socket of sockets) {
    socket.on('error', () => undefined).on('data', () => answered++)
    socket.write(wireText({ interaction: world.unknownForm, target: `/${world.root}/Slot/1` }))
  }
  await until('they are at the provider', () => asked === sockets.length)
  await untilOpen()
  hangs = false
  const back = performance.now()
  expect((await recovered()) - back).toBeLessThan((2 * openSeconds + 2 * probeSeconds) * 1000)
  // More than its probes: calls that begin now, of which it gets as many at a time as it does from the beginning.
  for (let nth = 0; nth < 5; nth++) expect((await call(all.here)).status).toBe(200)
  expect([answered, sockets.filter(({ destroyed }) => destroyed).length]).toEqual([0, 0])
  for (const socket of sockets) socket.destroy()
})

test('flaps: a circuit that closes again opens again, and in between calls are served', async () => {
  const states: boolean[] = []
  for (const good of [false, true, false, true]) {
    all.here.provider.answer = (request, response) => (good ? fine(request, response) : response.destroy())
    if (good) await recovered()
    else await untilOpen()
    states.push(good)
  }
  expect(states).toEqual([false, true, false, true])
})

test('slows tenfold: what waits and what is sent stay bounded, others do not notice, and it gets its calls again when it is fast again', async () => {
  let delay = 20
  let most = 0
  let now = 0
  all.here.provider.answer = async (request, response) => {
    now++
    most = Math.max(most, now)
    await pause(delay)
    now--
    fine(request, response)
  }
  const round = () => Promise.all(Array.from({ length: 12 }, (_, nth) => call(all.here, nth % 2 === 0 ? {} : all.asStranger)))
  for (let nth = 0; nth < 10; nth++) await round()
  const others = otherCalls()
  delay = 250
  for (let nth = 0; nth < 5; nth++) await round()
  most = 0
  const answers = await round()
  expect(most).toBeLessThanOrEqual(6)
  // On a busy machine a quarter of a second becomes half of one, which is the time that it has.
  for (const { status } of answers) expect([200, 503, 504]).toContain(status)
  delay = 20
  await until('all are served again', async () => (await round()).every(({ status }) => status === 200))
  const { statuses } = await others.stop()
  expect(statuses).toEqual(new Set([200]))
})

test('a consumer’s own mistakes and hang-ups open nothing: 4xx for as long as one likes', async () => {
  all.here.provider.answer = (_request, response) => {
    response.writeHead(404)
    response.end()
  }
  for (let nth = 0; nth < 20; nth++) expect((await call(all.here)).status).toBe(404)
  all.here.provider.answer = fine
  expect((await call(all.here)).status).toBe(200)
})

test('observing, the circuit refuses nobody, and the record of each call says what it would have done', async () => {
  const own = await startTwoProviders({ forwarding: { breaker: { mode: 'observe', minimumCalls: 3, openSeconds: 60 } } })
  try {
    own.here.provider.answer = (_request, response) => {
      response.writeHead(503)
      response.end()
    }
    for (let nth = 0; nth < 8; nth++) expect((await call(own.here)).verdict.rule).toBe('provider-exchange')
    const observed = own.here.audit().flatMap((entry) => (entry.type === 'forwarding' ? entry.observed : []))
    expect(observed.length).toBeGreaterThanOrEqual(5)
    expect(observed[0]).toEqual({ rule: 'provider-capacity', code: 'PROVIDER_UNAVAILABLE', reason: expect.stringContaining('is open') })
  } finally {
    await own.close()
  }
})
