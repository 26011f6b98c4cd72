import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { type Conversation, converse } from '../support/edge-exchange.ts'
import { bytesOf, type EdgeRequest, edgeRequest, honestBytes } from '../support/edge-requests.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { findProgram, whereInstalled } from '../support/outside-program.ts'
import { disagreements, rash, readsPlainly } from '../support/parsers/agreement.ts'
import { goJudge, haproxyJudge, nginxJudge, nodeJudge, pythonJudge, type RequestJudge } from '../support/parsers/request-judges.ts'
import { throughHttpProxy } from '../support/parsers/through-http-proxy.ts'
import { type PlainRequest, plainRequests } from '../support/plain-reader.ts'
import { type RecordingProvider, type Slice, startRecordingProvider } from '../support/recording-provider.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const programs = { python3: pythonJudge, go: goJudge, nginx: nginxJudge, haproxy: haproxyJudge }
const cases = Number(process.env['SSP_TEST_CASES'] ?? 500)
const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)
const sentinel = 'f'

let here: World
let provider: RecordingProvider
let judges: readonly RequestJudge[]
const forwarded: { readonly slice: Slice; readonly trace: string }[] = []
const count = { cases: 0, forwarded: 0, cutOff: 0, refused: 0, silent: 0 }

beforeAll(async () => {
  provider = await startRecordingProvider()
  const allowed = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const settings = { checks: { method: { allowed }, throttle: { requestsPerSecond: 100_000, burst: 100_000 } }, ...everyRefusalRecorded }
  here = await startWorld({ providerPort: provider.port, settings })
  const installed = Object.entries(programs).flatMap(([name, start]) => {
    const path = findProgram(name)
    return path === undefined ? [] : [start(path)]
  })
  judges = await Promise.all([nodeJudge(), ...installed])
})
afterAll(async () => {
  await here?.close()
  await provider?.close()
  await Promise.all((judges ?? []).map((judge) => judge.close()))
})

for (const name of Object.keys(programs))
  whereInstalled(name, () =>
    test(`${name} is among the judges`, async () => {
      expect(await Promise.all(judges.map(readsPlainly))).toEqual(judges.map(() => true))
    }),
  )

test('the judges catch http-proxy, which makes a second request of the body of a chunked DELETE', async () => {
  const smuggled = '5\r\nhello\r\n0\r\n\r\n'
  const sent = Buffer.from(`DELETE /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled}`)
  const received = await throughHttpProxy(sent)
  const [asked] = plainRequests(sent)
  if (asked === undefined) throw new Error('a plain reader reads the request')
  const said = await disagreements(received, { ...asked, target: '/https://a/a' }, judges)
  expect(said).toHaveLength(judges.length)
})

let lastCase = 0
/** What was sent in the last cases, the newest first: on a busy machine a request may reach the provider when its case has been left. */
const lately: (readonly PlainRequest[])[] = []
const remembered = 8

/** Sends one case, with an honest request that closes the connection behind it, and gives back all that is wrong with what became of it. */
async function faultsOf(one: EdgeRequest): Promise<readonly string[]> {
  const number = ++lastCase
  const trace = (nth: number | string) => `${number.toString(16).padStart(8, '0')}-0000-4000-8000-00000000000${nth}`
  const last = honestBytes('GET', 'none', trace(sentinel), 'Connection: close', 'X-Last: yes')
  const own = bytesOf(one, trace)
  const sent = Buffer.concat([own, last])
  const from = provider.slices.length
  // A second write from the end on waits for the first to have come to the provider: so bodies are spoilt, or end, while they are on their way.
  const cut = one.cut < 0 ? Math.max(0, own.length + one.cut) : one.cut
  const between =
    one.cut < 0
      ? () => until('the provider is asked', () => !provider.quiet, { withinMs: 40, everyMs: 1 }).catch(() => undefined)
      : setImmediate
  const conversation = await converse(here, sent, { cut, between })
  await until('the provider has everything that is coming', () => provider.quiet)
  const slices = provider.slices.slice(from)
  lately.unshift(plainRequests(sent))
  lately.length = Math.min(lately.length, remembered)
  const faults = [...faultsOfAnswers(conversation)]
  for (const slice of slices) {
    const traceId = traceOf(slice)
    forwarded.push({ slice, trace: traceId })
    if (!slice.whole) {
      count.cutOff++
      faults.push(...(await rash(slice.bytes, judges)))
      continue
    }
    count.forwarded++
    const asked = askedAs(traceId, lately)
    if (asked === undefined) faults.push(`what was forwarded as ${traceId} is nothing that a plain reader reads in what the consumer sent`)
    else faults.push(...(await disagreements(slice.bytes, asked, judges)))
  }
  const passed = conversation.answers.filter(({ origin, rule }) => origin === 'none' && rule === 'provider-exchange').length
  const whole = slices.filter((slice) => slice.whole && !cameLate(traceOf(slice))).length
  if (passed > whole || (conversation.closed && passed < whole && !conversation.answers.some(({ rule }) => rule === 'wire-form')))
    faults.push(`${whole} requests were forwarded and ${passed} answers of the provider passed`)
  count.cases++
  count.refused += conversation.answers.length - passed
  if (!conversation.closed) count.silent++
  return faults
}

function askedAs(traceId: string, cases: readonly (readonly PlainRequest[])[]): PlainRequest | undefined {
  return cases.flat().find(({ headers }) => headers.some(([name, value]) => name.toLowerCase() === 'ssp-traceid' && value === traceId))
}

/** It was asked in a case before the last. */
function cameLate(traceId: string): boolean {
  return askedAs(traceId, lately.slice(0, 1)) === undefined && askedAs(traceId, lately.slice(1)) !== undefined
}

/** Where framing is in doubt the connection is closed, and nothing behind it is answered. */
function faultsOfAnswers({ answers, closed }: Conversation): readonly string[] {
  const faults = answers
    .slice(0, -1)
    .filter(({ closes }) => closes)
    .map(({ status }) => `something was answered behind a ${status} that closes`)
  const wireForm = answers.find(({ rule }) => rule === 'wire-form')
  if (wireForm !== undefined && !wireForm.closes) faults.push(`a wire-form refusal (${wireForm.status}) does not close the connection`)
  if (wireForm !== undefined && !closed) faults.push(`the connection was not closed behind a ${wireForm.status}`)
  if (answers.some(({ origin }) => origin === '' || origin === 'proxy'))
    faults.push(`an answer without a verdict, or of origin proxy: ${JSON.stringify(answers)}`)
  return faults
}

function traceOf({ bytes }: Slice): string {
  return /\r\nssp-traceid: *([0-9a-f-]{36})/i.exec(bytes.toString('latin1'))?.[1] ?? ''
}

/** The bytes of a case, but for the long token. */
function shown(one: EdgeRequest): string {
  return JSON.stringify(
    bytesOf(one, String)
      .toString('latin1')
      .replaceAll(/Bearer ey[^\r\n]+/gi, 'Bearer …'),
  )
}

test(
  `what is forwarded has one meaning, and anything else is refused (${cases} cases)`,
  async () => {
    const began = performance.now()
    const property = fc.asyncProperty(edgeRequest, async (one) => {
      const faults = await faultsOf(one)
      if (faults.length > 0) throw new Error(`${faults.join('\n')}\nsent: ${shown(one)}`)
    })
    await fc.assert(property, { numRuns: cases, seed, interruptAfterTimeLimit: 60_000 + cases * 200, markInterruptAsFailure: true })
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const names = judges.map(({ name }) => name).join(', ')
    process.stderr.write(`one meaning: seed ${seed}, ${JSON.stringify(count)}, judges: ${names}; ${seconds} s\n`)
    // A generator that never comes past the checks, or is never refused, would show nothing.
    expect(count.forwarded).toBeGreaterThan(cases / 4)
    expect(count.refused).toBeGreaterThan(cases / 4)
  },
  20 * 60_000,
)

test('the audit names exactly what was forwarded, with the same target and body', async () => {
  const traces = forwarded.map(({ trace }) => trace).sort()
  const recorded = await until('every exchange has ended', () => {
    const entries = here.audit()
    const forwardings = entries.filter((entry) => entry.type === 'forwarding')
    return entries.filter((entry) => entry.type === 'outcome').length === forwardings.length && forwardings
  })
  // One that was cut off before its first byte left is recorded, and was never sent.
  const ended = new Map(here.audit().flatMap((entry) => (entry.type === 'outcome' ? [[entry.exchange, entry]] : [])))
  const sent = recorded.filter(({ exchange, request }) => ended.get(exchange)?.end === 'complete' || traces.includes(request.traceId ?? ''))
  expect(sent.map(({ request }) => request.traceId).sort()).toEqual(traces)
})
